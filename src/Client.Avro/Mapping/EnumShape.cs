namespace Loire.Client.Avro;

/// <summary>The symbols of an enum as values of a type: <see cref="AvroEnum"/>, text, or an enum of .NET.</summary>
internal static class EnumShape
{
    /// <summary>The value of each symbol in order. IN_TRANSIT is InTransit, if there is no member of exactly its name.</summary>
    /// <exception cref="AvroMappingException">The type is none of these, or has no member for a symbol.</exception>
    public static T[] Values<T>(EnumSchema schema, string where)
    {
        if (typeof(T) == typeof(AvroEnum))
        {
            return (T[])(object)schema.Symbols.Select(symbol => new AvroEnum(schema, symbol)).ToArray();
        }

        if (typeof(T) == typeof(string))
        {
            return (T[])(object)schema.Symbols.ToArray();
        }

        return typeof(T).IsEnum
            ? [.. schema.Symbols.Select(symbol => (T)Enum.Parse(typeof(T), Member(symbol, typeof(T), schema, where)))]
            : throw NaturalTypes.Mismatch(schema, typeof(T), where);
    }

    private static string Member(string symbol, Type type, EnumSchema schema, string where)
    {
        var names = Enum.GetNames(type);
        return Array.Find(names, name => name == symbol)
            ?? Array.Find(names, name => LooseName.Comparer.Equals(name, symbol))
            ?? throw new AvroMappingException($"{where} is {schema.Label}, whose symbol {symbol} {type} does not have.");
    }
}
