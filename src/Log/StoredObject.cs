namespace Loire.Log;

/// <summary>
/// The value that logs store under one key of an <c>IGrainStorage</c>: bytes in Loire's own layout, which a provider stores as they are.
/// Written in pieces, so that a chunk gathers the batches of many producers without copying them; read back as one piece.
/// </summary>
[GenerateSerializer, Alias("loire.StoredObject")]
public sealed class StoredObject
{
    /// <summary>The bytes, in order. A provider may hold the memory until its write completes; it must not change before.</summary>
    [Id(0)]
    public ReadOnlyMemory<byte>[] Pieces { get; init; } = [];

    /// <summary>The sum of the lengths of <see cref="Pieces"/>.</summary>
    public long Length
    {
        get
        {
            long sum = 0;
            foreach (var piece in Pieces)
            {
                sum += piece.Length;
            }

            return sum;
        }
    }
}
