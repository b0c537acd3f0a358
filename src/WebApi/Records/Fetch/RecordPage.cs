using System.Buffers;
using System.IO.Pipelines;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Records.Fetch;

/// <summary>
/// The records of one fetch, decompressed and decoded before the first of them is sent: so the answer's headers can say where to read
/// on, and a batch of malformed records ends the page before it instead of breaking it in the middle. Each record is decoded once; what
/// is kept is where it lies. Its memory is bounded, whatever the batches decompress to.
/// </summary>
internal sealed class RecordPage : IDisposable
{
    // Decompressed bytes of one page beyond its first batch: a page of a megabyte that decompresses well still is a page.
    private const long DecompressedBudget = 16 * 1024 * 1024;

    // Frames of one page take up to 12 MiB.
    private const int RecordsMax = 256 * 1024;

    private const int FlushBytes = 64 * 1024;

    private readonly List<Batch> _batches = [];
    private readonly Offset _from;
    private RecordFrame[] _frames = [];
    private int _framesCount;

    private RecordPage(Offset from, Offset next)
    {
        _from = from;
        Next = next;
    }

    /// <summary>Where to read on.</summary>
    public Offset Next { get; private set; }

    public long Count { get; private set; }

    /// <summary>Whether its only record has no value.</summary>
    public bool IsTombstone => Count == 1 && _frames[0].ValueIsNull;

    /// <summary>Reads what a fetch has brought.</summary>
    /// <param name="result">The fetch's answer, without an error.</param>
    /// <param name="from">The first record wanted; the first batch may begin before it.</param>
    /// <param name="maxRecords">Records at most.</param>
    /// <param name="until">Records from here on are not wanted.</param>
    public static (RecordPage? Page, ApiProblem? Problem) Read(FetchResult result, Offset from, long maxRecords, Offset until)
    {
        var page = new RecordPage(from, result.NextOffset);
        maxRecords = Math.Min(maxRecords, RecordsMax);
        var pieces = new BatchPieces(result.Batches);
        using var decompressor = new BatchDecompressor();
        long decompressed = 0;
        while (page.Count < maxRecords && pieces.TryTake(out var bytes, out var pooled))
        {
            var batch = new Batch(bytes, pooled);
            var error = page.TryAdd(batch, decompressor, maxRecords, until, out var start, out var isComplete);
            decompressed += batch.RecordsLength;
            var first = page._batches.Count == 0;
            if (error != ErrorCode.None || (decompressed > DecompressedBudget && !first))
            {
                batch.Return();
                if (first)
                {
                    var skip = page.Next;
                    page.Dispose();
                    return (null, Unreadable(error, start, skip));
                }

                page.Next = start;
                return (page, null);
            }

            page._batches.Add(batch);
            page.Count += batch.Count;
            page.Next = batch.Next;
            if (!isComplete)
            {
                return (page, null);
            }
        }

        return (page, null);
    }

    /// <summary>Writes every record of the page, flushing now and then.</summary>
    public async ValueTask WriteAsync(RecordFormat format, int partition, PipeWriter to, CancellationToken cancellation)
    {
        long unflushed = 0;
        foreach (var batch in _batches)
        {
            Write(batch, format, partition);
            unflushed += batch.Bytes.Length + batch.RecordsLength;
            if (unflushed >= FlushBytes)
            {
                unflushed = 0;
                format.Settle();
                await to.FlushAsync(cancellation);
            }
        }
    }

    /// <summary>Writes every record of the page into memory.</summary>
    public void Write(RecordFormat format, int partition)
    {
        foreach (var batch in _batches)
        {
            Write(batch, format, partition);
        }
    }

    private void Write(Batch batch, RecordFormat format, int partition)
    {
        var records = batch.Records;
        foreach (ref readonly var frame in _frames.AsSpan(batch.FirstFrame, batch.Count))
        {
            format.Write(partition, frame.View(records));
        }
    }

    public void Dispose()
    {
        foreach (var batch in _batches)
        {
            batch.Return();
        }

        _batches.Clear();
        ArrayPool<RecordFrame>.Shared.Return(_frames);
        (_frames, _framesCount) = ([], 0);
    }

    private ErrorCode TryAdd(
        Batch batch, BatchDecompressor decompressor, long maxRecords, Offset until, out Offset start, out bool isComplete)
    {
        isComplete = true;
        start = Next;
        var error = RecordBatch.TryRead(batch.Bytes.Span, out var view);
        Invariant.Check(error == ErrorCode.None, "a partition returns whole batches");
        start = view.BaseOffset;
        Next = batch.Next = view.NextOffset;
        if (view.IsControl)
        {
            return ErrorCode.None;
        }

        error = decompressor.TryDecompress(view, out var records);
        if (error != ErrorCode.None)
        {
            return error;
        }

        batch.Hold(view, records);
        batch.FirstFrame = _framesCount;
        records = batch.Records;
        var reader = new RecordReader(view, records);
        while (reader.MoveNext())
        {
            var offset = reader.Current.Offset;
            if (offset < _from)
            {
                continue;
            }

            if (offset >= until || Count + batch.Count == maxRecords)
            {
                batch.Next = offset;
                isComplete = false;
                return ErrorCode.None;
            }

            AddFrame(new RecordFrame(reader.Current, records));
            batch.Count++;
        }

        return reader.Error;
    }

    private void AddFrame(in RecordFrame frame)
    {
        if (_framesCount == _frames.Length)
        {
            var grown = ArrayPool<RecordFrame>.Shared.Rent(Math.Max(256, 2 * _frames.Length));
            _frames.AsSpan(0, _framesCount).CopyTo(grown);
            ArrayPool<RecordFrame>.Shared.Return(_frames);
            _frames = grown;
        }

        _frames[_framesCount++] = frame;
    }

    // The client can continue behind it instead of being stuck.
    private static ApiProblem Unreadable(ErrorCode error, Offset start, Offset next) =>
        new(error, $"The batch at offset {start} cannot be decoded; go on at {next}, or fetch it as it is.", 500)
        {
            Members = json => json.WriteNumber("next_offset"u8, next.Value),
        };

    private sealed class Batch(ReadOnlyMemory<byte> bytes, byte[]? pooled)
    {
        private ReadOnlyMemory<byte> _records;
        private byte[]? _decompressed;
        private int _decompressedLength;

        public ReadOnlyMemory<byte> Bytes => bytes;

        /// <summary>The decompressed records; empty until <see cref="Hold"/>.</summary>
        public ReadOnlySpan<byte> Records => _records.Span;

        /// <summary>Where the frames of its records begin, and how many of them the page has.</summary>
        public int FirstFrame { get; set; }

        public int Count { get; set; }

        public Offset Next { get; set; }

        public long RecordsLength => _decompressed is null ? 0 : _decompressedLength;

        public void Hold(RecordBatch view, ReadOnlySpan<byte> records)
        {
            if (view.Compression != CompressionType.None)
            {
                _decompressed = ArrayPool<byte>.Shared.Rent(records.Length);
                _decompressedLength = records.Length;
                records.CopyTo(_decompressed);
                _records = _decompressed.AsMemory(0, _decompressedLength);
            }
            else
            {
                _records = bytes[RecordBatch.HeaderSize..];
            }
        }

        public void Return()
        {
            if (pooled is not null)
            {
                ArrayPool<byte>.Shared.Return(pooled);
            }

            if (_decompressed is not null)
            {
                ArrayPool<byte>.Shared.Return(_decompressed);
                _decompressed = null;
            }
        }
    }
}
