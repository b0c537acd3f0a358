namespace Loire.Client.Avro;

/// <summary>A symbol of an enum that no .NET enum was written for.</summary>
public sealed record AvroEnum
{
    /// <exception cref="ArgumentException">The schema has no such symbol.</exception>
    public AvroEnum(EnumSchema schema, string symbol)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (Schema, Symbol) = (schema, symbol);
        Position = schema.PositionOf(symbol);
        if (Position < 0)
        {
            throw new ArgumentException($"{schema.Name} has no symbol '{symbol}'.", nameof(symbol));
        }
    }

    /// <summary>Its schema.</summary>
    public EnumSchema Schema { get; }

    /// <summary>The symbol.</summary>
    public string Symbol { get; }

    /// <summary>The symbol's number.</summary>
    internal int Position { get; }

    /// <summary>The symbol.</summary>
    public override string ToString() => Symbol;
}
