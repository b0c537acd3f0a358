namespace Loire.Client.Avro;

/// <summary>What stands in front of a value in a record.</summary>
public enum AvroFraming
{
    /// <summary>Nothing: reader and writer agree on the schema otherwise.</summary>
    None,

    /// <summary>
    /// The specification's single-object encoding: C3 01 and the fingerprint of the schema that the value was written with.
    /// </summary>
    SingleObject,
}

/// <summary>How an <see cref="AvroSerde{T}"/> reads and writes.</summary>
public sealed class AvroSerdeOptions
{
    /// <summary>What stands in front of each value.</summary>
    public AvroFraming Framing { get; init; }

    /// <summary>
    /// Without framing, the schema that the values to be read were written with, where it is another than the serde's own; they are then
    /// resolved from one to the other.
    /// </summary>
    public AvroSchema? WriterSchema { get; init; }

    /// <summary>With framing, where the schemas of values are found that were written with another than the serde's own.</summary>
    public IAvroSchemas? Schemas { get; init; }

    /// <summary>
    /// Records within records, from 1 to 1,000. Each takes some hundred bytes of a thread's stack; a list of linked records needs one a
    /// member.
    /// </summary>
    public int MaxDepth { get; init; } = 256;

    /// <summary>
    /// Items of arrays that take no bytes at all, such as nulls, in one value. All other items are bounded by the size of the record that
    /// holds them. From 0.
    /// </summary>
    public int MaxEmptyItems { get; init; } = 100_000;

    /// <exception cref="ArgumentException">An option is out of range, or two do not go together.</exception>
    internal void Validate()
    {
        if (MaxDepth is < 1 or > 1_000)
        {
            throw new ArgumentException($"MaxDepth is {MaxDepth}; it must be from 1 to 1,000.");
        }

        if (MaxEmptyItems < 0)
        {
            throw new ArgumentException($"MaxEmptyItems is {MaxEmptyItems}; it must not be negative.");
        }

        if (Framing == AvroFraming.None ? Schemas is not null : WriterSchema is not null)
        {
            throw new ArgumentException("WriterSchema is for values without framing, Schemas for values with it.");
        }
    }
}
