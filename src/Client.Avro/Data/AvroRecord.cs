namespace Loire.Client.Avro;

/// <summary>
/// A record of a schema that no .NET type was written for. Its fields hold: null, <see cref="bool"/>, <see cref="int"/>,
/// <see cref="long"/>, <see cref="float"/>, <see cref="double"/>, <c>byte[]</c>, <see cref="string"/>, <see cref="AvroRecord"/>,
/// <see cref="AvroEnum"/>, <see cref="AvroFixed"/>, <c>List&lt;object?&gt;</c> for arrays, <c>Dictionary&lt;string, object?&gt;</c> for
/// maps; and by logical type <see cref="AvroDecimal"/>, <see cref="Guid"/>, <see cref="DateOnly"/>, <see cref="TimeOnly"/>,
/// <see cref="DateTime"/>, <see cref="AvroDuration"/>. What is written may also be any other type that fits.
/// </summary>
public sealed class AvroRecord
{
    private readonly object?[] _values;

    /// <summary>A record whose fields are all null.</summary>
    public AvroRecord(RecordSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        (Schema, _values) = (schema, new object?[schema.Fields.Count]);
    }

    /// <summary>Its schema.</summary>
    public RecordSchema Schema { get; }

    /// <summary>The value of a field.</summary>
    /// <exception cref="KeyNotFoundException">The schema has no such field.</exception>
    public object? this[string field]
    {
        get => _values[PositionOf(field)];
        set => _values[PositionOf(field)] = value;
    }

    /// <summary>The value of a field by its position in the schema.</summary>
    public object? this[int position]
    {
        get => _values[position];
        set => _values[position] = value;
    }

    /// <summary>The record's name and its fields.</summary>
    public override string ToString() =>
        $"{Schema.Name} {{ {string.Join(", ", Schema.Fields.Zip(_values, (field, value) => $"{field.Name} = {value ?? "null"}"))} }}";

    private int PositionOf(string field) => Schema.PositionOf(field) is >= 0 and var position
        ? position
        : throw new KeyNotFoundException($"{Schema.Name} has no field '{field}'.");
}
