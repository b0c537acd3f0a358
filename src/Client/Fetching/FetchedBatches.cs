using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>What one fetch returned, as bytes. Only the reading side cuts it into batches.</summary>
/// <param name="pieces">Pieces that form whole batches.</param>
/// <param name="nextOffset">Where to continue after it.</param>
internal sealed class FetchedBatches(ReadOnlyMemory<byte>[] pieces, Offset nextOffset)
{
    /// <summary>No batches; reading continues at another offset, which may lie before the position.</summary>
    public static FetchedBatches Reset(Offset to) => new([], to) { IsReset = true };

    /// <summary>Whether reading continues at <see cref="NextOffset"/> wherever it was before.</summary>
    public bool IsReset { get; private init; }

    private BatchPieces _rest = new(pieces);
    private BatchPieces _beforeLast = new(pieces);

    /// <summary>How much memory it takes.</summary>
    public long Bytes { get; } = pieces.Sum(piece => (long)piece.Length);

    public Offset NextOffset => nextOffset;

    /// <inheritdoc cref="BatchPieces.TryTake"/>
    public bool TryTake(out ReadOnlyMemory<byte> batch, out byte[]? pooled)
    {
        _beforeLast = _rest;
        return _rest.TryTake(out batch, out pooled);
    }

    /// <summary>Lets the batch that was taken last be taken again.</summary>
    public void PutBack() => _rest = _beforeLast;
}
