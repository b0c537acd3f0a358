namespace Loire.Client.Avro;

/// <summary>
/// Bounds on the bytes that an <see cref="AvroSerde{T}"/> reads. Bytes beyond a bound are rejected with an
/// <see cref="AvroDataException"/> before any of them is decoded.
/// </summary>
public sealed class AvroLimits
{
    /// <summary>The most bytes of one value. By default 64 MiB, more than a broker accepts as one record.</summary>
    public int MaxBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// The greatest depth of nested records, from 1 to 256, which is the default: Apache.Avro takes up to 3 KB of stack per level, and a
    /// thread of the pool has 1.5 MB. A linked list of records takes one level per element.
    /// </summary>
    public int MaxDepth { get; init; } = 256;

    /// <summary>
    /// The most array items and map entries of one value, from 0. By default 10 million: each takes at least a byte, but a hundred bytes of
    /// memory as a small record.
    /// </summary>
    public int MaxItems { get; init; } = 10_000_000;

    /// <summary>
    /// The most array items of one value that take no bytes, such as nulls, from 0. By default 100,000: the size of the value does not
    /// bound them.
    /// </summary>
    public int MaxEmptyItems { get; init; } = 100_000;

    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    internal void Validate()
    {
        Check(nameof(MaxBytes), MaxBytes, 0, int.MaxValue);
        Check(nameof(MaxDepth), MaxDepth, 1, 256);
        Check(nameof(MaxItems), MaxItems, 0, int.MaxValue);
        Check(nameof(MaxEmptyItems), MaxEmptyItems, 0, int.MaxValue);
    }

    private static void Check(string name, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException($"{name} is {value}; it must be from {least} to {most}.");
        }
    }
}
