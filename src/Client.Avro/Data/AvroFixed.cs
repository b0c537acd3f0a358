namespace Loire.Client.Avro;

/// <summary>The bytes of a fixed.</summary>
public sealed class AvroFixed
{
    /// <summary>The bytes are not copied.</summary>
    /// <exception cref="ArgumentException">There are more or fewer than the schema says.</exception>
    public AvroFixed(FixedSchema schema, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length != schema.Size)
        {
            throw new ArgumentException($"{schema.Name} takes {schema.Size} bytes, and these are {bytes.Length}.", nameof(bytes));
        }

        (Schema, Bytes) = (schema, bytes);
    }

    /// <summary>Its schema.</summary>
    public FixedSchema Schema { get; }

    /// <summary>The bytes.</summary>
    public byte[] Bytes { get; }

    /// <summary>The bytes in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexString(Bytes);
}
