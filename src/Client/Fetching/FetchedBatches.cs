using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>The result of one fetch, as bytes. Only the reading side splits it into batches.</summary>
/// <param name="pieces">Pieces whose concatenation consists of whole batches.</param>
/// <param name="nextOffset">Where to continue reading.</param>
internal sealed class FetchedBatches(ReadOnlyMemory<byte>[] pieces, Offset nextOffset)
{
    /// <summary>Without batches: moves the position to another offset, which may be before the current one.</summary>
    public static FetchedBatches Reset(Offset to) => new([], to) { IsReset = true };

    /// <summary>Whether reading continues at <see cref="NextOffset"/> regardless of the current position.</summary>
    public bool IsReset { get; private init; }

    private BatchPieces _rest = new(pieces);
    private BatchPieces _beforeLast = new(pieces);

    /// <summary>The total size of the pieces, in bytes.</summary>
    public long Bytes { get; } = pieces.Sum(piece => (long)piece.Length);

    public Offset NextOffset => nextOffset;

    /// <inheritdoc cref="BatchPieces.TryTake"/>
    public bool TryTake(out ReadOnlyMemory<byte> batch, out byte[]? pooled)
    {
        _beforeLast = _rest;
        return _rest.TryTake(out batch, out pooled);
    }

    /// <summary>Puts back the batch that was taken last.</summary>
    public void PutBack() => _rest = _beforeLast;
}
