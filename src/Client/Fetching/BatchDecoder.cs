using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>
/// Decodes batches one at a time, in chunks of frames, so that advancing to the next record is almost free; or takes the records of a batch
/// undecoded. Reuses its memory for the next batch. Not thread-safe.
/// </summary>
internal sealed class BatchDecoder : IDisposable
{
    private const int FramesAtOnce = 128;

    private readonly BatchDecompressor _decompressor = new();
    private readonly RecordFrame[] _frames = new RecordFrame[FramesAtOnce];
    private ReadOnlyMemory<byte> _batch;
    private byte[]? _pooledBatch;
    private RecordPosition _at;
    private Offset _from;
    private int _next;
    private int _count;
    private bool _isAtEnd = true;
    private ErrorCode _error;

    /// <summary>The decompressed records, which the frames refer to.</summary>
    public ReadOnlyMemory<byte> Records { get; private set; }

    /// <summary>The offset after the batch.</summary>
    public Offset NextOffset { get; private set; }

    /// <summary>Opens the next batch.</summary>
    /// <param name="batch">The bytes of the batch.</param>
    /// <param name="pooled">The array of the shared pool that holds them, of which the decoder takes ownership; null if not pooled.</param>
    /// <param name="from">Records before this offset are skipped.</param>
    /// <returns><see cref="ErrorCode.None"/>, or why the batch cannot be read.</returns>
    public ErrorCode Open(ReadOnlyMemory<byte> batch, byte[]? pooled, Offset from)
    {
        Close();
        _batch = batch;
        _pooledBatch = pooled;
        _from = from;
        var error = RecordBatch.TryRead(batch.Span, out var view);
        if (error != ErrorCode.None)
        {
            return error;
        }

        NextOffset = view.NextOffset;
        if (NextOffset <= from)
        {
            return ErrorCode.None;
        }

        // Also for control batches: a corrupt one must not be trusted about transactions.
        if (!view.CrcIsValid())
        {
            return ErrorCode.CorruptMessage;
        }

        if (view.IsControl)
        {
            return ErrorCode.None;
        }

        error = _decompressor.TryDecompress(view, batch, out var records);
        Records = records;
        _isAtEnd = error != ErrorCode.None;
        return error;
    }

    /// <summary>Returns the next record without advancing.</summary>
    /// <param name="frame">The record.</param>
    /// <param name="error">Why there is none before the end of the batch; otherwise <see cref="ErrorCode.None"/>.</param>
    public bool TryPeek(out RecordFrame frame, out ErrorCode error)
    {
        while (_next == _count && !_isAtEnd)
        {
            Fill();
        }

        if (_next < _count)
        {
            frame = _frames[_next];
            error = ErrorCode.None;
            return true;
        }

        frame = default;
        error = _error;
        return false;
    }

    /// <summary>Advances past the record.</summary>
    public void Advance() => _next++;

    /// <summary>Takes all records of a batch, before any has been peeked at, in memory that is not reused.</summary>
    /// <param name="slice">The records.</param>
    /// <param name="error">Why there are none before the end of the batch; otherwise <see cref="ErrorCode.None"/>.</param>
    public bool TryTakeSlice([NotNullWhen(true)] out RecordSlice? slice, out ErrorCode error)
    {
        slice = null;
        if (!_isAtEnd)
        {
            _isAtEnd = true;
            RecordBatch.TryRead(_batch.Span, out var view);
            _error = RecordSlice.TryRead(view, Records, _from, out slice);
            if (slice is not null && (_pooledBatch is not null || view.Compression != CompressionType.None))
            {
                slice = slice with { Records = slice.Records.ToArray() };
            }
        }

        error = slice is null ? _error : ErrorCode.None;
        return slice is not null;
    }

    /// <summary>Closes the batch and returns its memory to the pool.</summary>
    public void Close()
    {
        if (_pooledBatch is not null)
        {
            ArrayPool<byte>.Shared.Return(_pooledBatch);
            _pooledBatch = null;
        }

        _decompressor.Release();
        _batch = Records = default;
        _at = default;
        _next = _count = 0;
        _isAtEnd = true;
        _error = ErrorCode.None;
        NextOffset = Offset.Zero;
    }

    public void Dispose() => Close();

    private void Fill()
    {
        RecordBatch.TryRead(_batch.Span, out var view);
        var records = Records.Span;
        var reader = new RecordReader(view, records, _at);
        _next = _count = 0;
        while (_count < FramesAtOnce)
        {
            if (!reader.MoveNext())
            {
                _isAtEnd = true;
                _error = reader.Error;
                return;
            }

            var record = reader.Current;
            if (record.Offset >= _from)
            {
                _frames[_count++] = new RecordFrame(record, records);
            }
        }

        _at = reader.Position;
    }
}
