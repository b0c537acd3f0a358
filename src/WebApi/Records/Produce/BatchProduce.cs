using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// Takes Kafka record batches as they are. They are cut apart here and copied once, into memory that is handed to the partition for good. The
/// partition checks headers and checksums; that the records can be decoded is checked here, because an unreadable record must not be
/// acknowledged. While an append is in flight the next one is gathered, up to a bound.
/// </summary>
internal sealed class BatchProduce(RequestStream stream, int partition, ProduceSession session, ProduceAnswer answer, int gatherBytes)
    : IDisposable
{
    // The bytes that say how long a batch is (base offset, length) and of which format (leader epoch, magic).
    private const int PrefixBytes = 17;

    private readonly BatchDecompressor _decompressor = new();
    private byte[] _gathered = [];
    private int _length;
    private int _whole;
    private int _records;
    private long _batches;
    private ApiProblem? _problem;
    private bool _isTooLargeForTopic;

    public async Task RunAsync(int status)
    {
        while (true)
        {
            var read = await ReadAsync();
            if (read.IsCanceled)
            {
                break;
            }

            var buffer = read.Buffer;
            while (buffer.Length > 0 && _problem is null && session.Failure is null)
            {
                await session.ReserveAsync(session.HasPending ? gatherBytes : Math.Min(gatherBytes, 2 * (_length + buffer.Length)));
                buffer = Gather(buffer, isBehind: session.HasPending);
                if (_problem is { Error: ErrorCode.MessageTooLarge } && _isTooLargeForTopic && session.MustCheckTopic())
                {
                    await session.CheckTopicAsync();
                    _problem = null;
                    FindWhole();
                }

                if (_whole > 0 && _length >= gatherBytes)
                {
                    await SendAsync();
                }
            }

            stream.AdvanceTo(buffer.Start, buffer.Start);
            session.Collect();
            await answer.FlushAsync();
            if (read.IsCompleted || _problem is not null || session.Failure is not null)
            {
                if (read.IsCompleted && _problem is null && _length > _whole)
                {
                    _problem = new ApiProblem(ErrorCode.CorruptMessage, "The body ends within a batch.");
                }

                break;
            }
        }

        await SendAsync();
        await session.DrainAsync();
        await answer.FinishAsync(session, session.Failure ?? _problem ?? stream.Ended, status, WriteBatch);
    }

    public void Dispose() => _decompressor.Dispose();

    private void WriteBatch(Utf8JsonWriter json)
    {
        if (session.Failure is null && _problem is not null)
        {
            json.WriteNumber("batch"u8, _batches + 1);
        }
    }

    private async ValueTask<System.IO.Pipelines.ReadResult> ReadAsync()
    {
        var pending = stream.ReadAsync();
        if (pending.IsCompleted)
        {
            return await pending;
        }

        var read = pending.AsTask();
        while (!read.IsCompleted)
        {
            if (!session.HasPending)
            {
                await SendAsync();
            }

            await answer.FlushAsync();
            await Task.WhenAny(read, session.HasPending ? session.Completion : read);
            session.Collect();
            if (session.Failure is not null)
            {
                stream.Interrupt();
            }
        }

        return await read;
    }

    /// <summary>
    /// Copies as much as fits, and finds the batches that have become whole. Behind an append in flight there is time for a full load to
    /// arrive, so its room is made at once; otherwise what is here leaves as soon as the input pauses.
    /// </summary>
    private ReadOnlySequence<byte> Gather(ReadOnlySequence<byte> buffer, bool isBehind)
    {
        var needed = _length + buffer.Length;
        if (needed > _gathered.Length && _gathered.Length < gatherBytes)
        {
            Grow(isBehind ? gatherBytes : (int)Math.Min(gatherBytes, Math.Max(2L * _gathered.Length, Math.Max(4096, needed))));
        }

        var take = (int)Math.Min(buffer.Length, _gathered.Length - _length);
        buffer.Slice(0, take).CopyTo(_gathered.AsSpan(_length));
        _length += take;
        FindWhole();
        return buffer.Slice(take);
    }

    /// <summary>Notes the batches that have become whole.</summary>
    private void FindWhole()
    {
        while (_length - _whole >= PrefixBytes && _problem is null)
        {
            var batch = _gathered.AsSpan(_whole, _length - _whole);
            var size = 12L + BinaryPrimitives.ReadInt32BigEndian(batch[8..]);
            if (batch[16] != 2)
            {
                _problem = new ApiProblem(ErrorCode.UnsupportedForMessageFormat);
            }
            else if (size < RecordBatch.HeaderSize)
            {
                _problem = new ApiProblem(ErrorCode.CorruptMessage, "The batch states a length that is too small for its header.");
            }
            else if (size > session.MaxBatchBytes)
            {
                _isTooLargeForTopic = true;
                _problem = new ApiProblem(
                    ErrorCode.MessageTooLarge, $"The batch has {size} bytes, and the topic's max.message.bytes is {session.MaxBatchBytes}.");
            }
            else if (size > batch.Length)
            {
                if (_whole == 0 && size > _gathered.Length)
                {
                    Grow((int)size);
                }

                break;
            }
            else if (CheckRecords(batch[..(int)size]) is { } problem)
            {
                _problem = problem;
            }
            else
            {
                _records += Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(batch[57..]));
                _whole += (int)size;
                _batches++;
            }
        }
    }

    /// <summary>Decodes the records of a batch. Of a batch that the partition will refuse by its header, the partition says why.</summary>
    private ApiProblem? CheckRecords(ReadOnlySpan<byte> bytes)
    {
        if (RecordBatch.TryRead(bytes, out var batch) != ErrorCode.None)
        {
            return null;
        }

        var error = _decompressor.TryDecompress(batch, out var records);
        error = error == ErrorCode.None ? RecordReader.Check(batch, records) : error;
        return error == ErrorCode.None || !batch.CrcIsValid() ? null
            : error == ErrorCode.UnsupportedCompressionType ? new ApiProblem(error)
            : error == ErrorCode.MessageTooLarge
                ? new ApiProblem(error, $"The records of the batch decompress to more than {Limits.BatchBytes} bytes.")
            : new ApiProblem(ErrorCode.InvalidRecord, "The records of the batch cannot be decoded, or are not as many as its header states.");
    }

    private async ValueTask SendAsync()
    {
        if (_whole == 0)
        {
            return;
        }

        // The log may keep this memory, so it must not hold much more than the batches.
        var batches = _whole >= _gathered.Length / 4 * 3 ? _gathered.AsMemory(0, _whole) : _gathered[.._whole];
        var (rest, records) = (_gathered.AsMemory(_whole, _length - _whole), _records);
        _gathered = [];
        _length = _whole = 0;
        _records = 0;
        if (rest.Length > 0)
        {
            Grow(rest.Length);
            rest.CopyTo(_gathered);
            _length = rest.Length;
        }

        await session.SendAsync(partition, batches, records);
    }

    // The array is given away with the append, so it cannot come from a pool.
    private void Grow(int size)
    {
        var grown = GC.AllocateUninitializedArray<byte>(size);
        _gathered.AsSpan(0, _length).CopyTo(grown);
        _gathered = grown;
    }
}
