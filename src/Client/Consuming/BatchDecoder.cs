using System.Buffers;
using System.Text;
using Loire.Model;
using Loire.Model.Batches;
using ModelHeaders = Loire.Model.Batches.RecordHeaders;

namespace Loire.Client;

/// <summary>
/// The records of one batch after the other, found a chunk at a time, so that going from one to the next costs next to nothing. Its memory
/// is used again for the next batch. Used by one thread at a time.
/// </summary>
internal sealed class BatchDecoder : IDisposable
{
    private const int FramesAtOnce = 128;

    private readonly BatchDecompressor _decompressor = new();
    private readonly RecordFrame[] _frames = new RecordFrame[FramesAtOnce];
    private ReadOnlyMemory<byte> _batch;
    private byte[]? _pooledBatch;
    private byte[]? _pooledRecords;
    private RecordPosition _at;
    private Offset _from;
    private int _next;
    private int _count;
    private bool _isAtEnd = true;
    private ErrorCode _error;

    /// <summary>The bytes that the frames point into.</summary>
    public ReadOnlyMemory<byte> Records { get; private set; }

    /// <summary>The offset of the batch.</summary>
    public Offset BaseOffset { get; private set; }

    /// <summary>The offset after the batch.</summary>
    public Offset NextOffset { get; private set; }

    /// <summary>Goes to another batch.</summary>
    /// <param name="batch">Its bytes.</param>
    /// <param name="pooled">The array of the shared pool that holds them, which is taken over; null if they are not pooled.</param>
    /// <param name="from">Records before this offset are passed over.</param>
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

        BaseOffset = view.BaseOffset;
        NextOffset = view.NextOffset;
        if (NextOffset <= from)
        {
            return ErrorCode.None;
        }

        // Control batches too: what they say of transactions is not believed unless it is whole.
        if (!view.CrcIsValid())
        {
            return ErrorCode.CorruptMessage;
        }

        if (view.IsControl)
        {
            return ErrorCode.None;
        }

        error = _decompressor.TryDecompress(view, out var records);
        if (error == ErrorCode.None)
        {
            Records = view.Compression == CompressionType.None ? batch[RecordBatch.HeaderSize..] : Hold(records);
            _isAtEnd = false;
        }

        return error;
    }

    /// <summary>The next record, without going beyond it.</summary>
    /// <param name="frame">The record.</param>
    /// <param name="error">Why there is none although the batch has not ended; else <see cref="ErrorCode.None"/>.</param>
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

    /// <summary>Goes beyond the record.</summary>
    public void Advance() => _next++;

    /// <summary>Forgets the batch.</summary>
    public void Close()
    {
        Return(ref _pooledBatch);
        Return(ref _pooledRecords);
        _batch = Records = default;
        _at = default;
        _next = _count = 0;
        _isAtEnd = true;
        _error = ErrorCode.None;
        BaseOffset = NextOffset = Offset.Zero;
    }

    public void Dispose()
    {
        Close();
        _decompressor.Dispose();
    }

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
                _frames[_count++] = new RecordFrame(
                    record.Offset,
                    record.Timestamp.Milliseconds,
                    Find(records, record.Key, record.KeyIsNull),
                    Find(records, record.Value, record.ValueIsNull),
                    record.Headers.Count == 0 ? Headers.Empty : Read(record.Headers));
            }
        }

        _at = reader.Position;
    }

    // An empty part overlaps nothing and lies anywhere.
    private static Extent Find(ReadOnlySpan<byte> records, ReadOnlySpan<byte> part, bool isNull)
    {
        records.Overlaps(part, out var start);
        return new Extent(start, isNull ? -1 : part.Length);
    }

    private static Headers Read(ModelHeaders from)
    {
        var headers = new Headers();
        foreach (var header in from)
        {
            headers.Add(Encoding.UTF8.GetString(header.Key), header.ValueIsNull ? default(ReadOnlyMemory<byte>?) : header.Value.ToArray());
        }

        return headers.Freeze();
    }

    private ReadOnlyMemory<byte> Hold(ReadOnlySpan<byte> records)
    {
        _pooledRecords = ArrayPool<byte>.Shared.Rent(records.Length);
        records.CopyTo(_pooledRecords);
        return _pooledRecords.AsMemory(0, records.Length);
    }

    private static void Return(ref byte[]? pooled)
    {
        if (pooled is not null)
        {
            ArrayPool<byte>.Shared.Return(pooled);
            pooled = null;
        }
    }
}
