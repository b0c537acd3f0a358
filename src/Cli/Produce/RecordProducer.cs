using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary>Settings of a <see cref="RecordProducer"/>.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="PartitionsCount">The number of partitions of the topic.</param>
/// <param name="Acks">0, 1 or all.</param>
/// <param name="MaxBatchBytes">The topic's <c>max.message.bytes</c>.</param>
/// <param name="Compression">How batches are compressed.</param>
internal sealed record ProduceSettings(string Topic, int PartitionsCount, string Acks, int MaxBatchBytes, CompressionType Compression);

/// <summary>
/// Builds record batches and sends them, one at a time per partition, which keeps their order. Records of a slow source are sent at once,
/// those of a fast one in large batches. Nothing is sent twice, because a node without idempotence would append it twice: after the first
/// failure no more is sent, batches in flight are awaited, and the counts report exactly what is known. Not thread-safe.
/// </summary>
internal sealed class RecordProducer(NodeClient node, ProduceSettings settings, Random random) : IDisposable
{
    private const int BatchBytes = 512 * 1024;
    private const int MaxPendingBytes = 16 * 1024 * 1024;

    private readonly Dictionary<int, PartitionBuffer> _buffers = [];
    private readonly List<PartitionBuffer> _open = [];
    private readonly List<PartitionBuffer> _busy = [];
    private readonly Stack<RecordBatchBuilder> _spare = new();
    private PartitionBuffer? _sticky;
    private PartitionBuffer? _full;
    private long _pendingBytes;
    private long _firstLost = long.MaxValue;

    /// <summary>Records taken from the input.</summary>
    public long Added { get; private set; }

    /// <summary>Records that the node has acknowledged, in any order.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Bytes of acknowledged batches.</summary>
    public long AcknowledgedBytes { get; private set; }

    /// <summary>Records that were sent and whose outcome is unknown.</summary>
    public long Unanswered { get; private set; }

    /// <summary>The first failure.</summary>
    public NodeException? Failure { get; private set; }

    /// <summary>The length of the fully acknowledged prefix of the input, in records.</summary>
    public long AcknowledgedWithoutGap => _open.Select(buffer => buffer.FirstRecord)
        .Concat(_busy.Select(buffer => buffer.InFlight!.FirstRecord)).Append(Added).Append(_firstLost).Min();

    /// <summary>
    /// Adds a record: to the given partition, or by its key as Kafka's Java producer does, or to one partition until its batch is sent
    /// (KIP-480).
    /// </summary>
    /// <returns>False if there is no room: await <see cref="MakeRoomAsync"/> and add it again.</returns>
    public bool TryAdd(int? partition, Timestamp timestamp, in OutgoingRecord record)
    {
        if (partition >= settings.PartitionsCount)
        {
            throw new NodeException(
                ErrorCode.UnknownTopicOrPartition,
                $"Record {Added + 1} names partition {partition}, and topic {settings.Topic} has the partitions 0 to {settings.PartitionsCount - 1}.",
                ExitCode.NotFound,
                isRetriable: false,
                Hints.For(ErrorCode.UnknownTopicOrPartition));
        }

        var key = record.Key.GetValueOrDefault().Span;
        var value = record.Value.GetValueOrDefault().Span;
        var buffer = partition is { } wanted ? Lane(wanted)
            : record.Key is not null ? Lane(Murmur2.Partition(key, settings.PartitionsCount))
            : _sticky ??= Lane(random.Next(settings.PartitionsCount));
        if (_pendingBytes >= MaxPendingBytes || buffer.Builder?.SizeInBytes >= BatchBytes)
        {
            _full = buffer.Builder is null ? null : buffer;
            return false;
        }

        Open(buffer);
        var before = buffer.Builder!.SizeInBytes;
        if (!buffer.Builder.Append(timestamp, key, record.Key is null, value, record.Value is null, record.Headers))
        {
            if (buffer.Builder.RecordCount > 0)
            {
                _full = buffer;
                return false;
            }

            Close(buffer);
            throw TooLarge(Added + 1);
        }

        _pendingBytes += buffer.Builder.SizeInBytes - before;
        Added++;
        return true;
    }

    public NodeException TooLarge(long record) => new(
        ErrorCode.MessageTooLarge,
        $"Record {record} does not fit into the topic's max.message.bytes, {settings.MaxBatchBytes}.",
        ExitCode.Error,
        isRetriable: false,
        Hints.For(ErrorCode.MessageTooLarge));

    /// <summary>Sends full batches and waits until there is room.</summary>
    public async Task MakeRoomAsync()
    {
        if (_full is { } full)
        {
            _full = null;
            while (full.InFlight is not null && Failure is null)
            {
                await AnyAnswer();
                Collect();
            }

            Send(full);
        }

        while (Failure is null && _pendingBytes >= MaxPendingBytes)
        {
            SendIdle();
            await AnyAnswer();
            Collect();
        }
    }

    /// <summary>Sends each open batch that has nothing in flight before it.</summary>
    public void SendIdle()
    {
        foreach (var buffer in _open.ToArray())
        {
            if (buffer.InFlight is null)
            {
                Send(buffer);
            }
        }
    }

    /// <summary>Sends everything, unless something failed, and waits for every response.</summary>
    public async Task DrainAsync()
    {
        while (_busy.Count > 0 || (Failure is null && _open.Count > 0))
        {
            SendIdle();
            await AnyAnswer();
            Collect();
        }
    }

    /// <summary>Completes when a response has arrived; never if none is awaited.</summary>
    public Task AnyAnswer() => _busy.Count == 0 ? Task.Delay(Timeout.Infinite) : Task.WhenAny(_busy.Select(buffer => buffer.InFlight!.Answer));

    /// <summary>Processes the responses that have arrived.</summary>
    public void Collect()
    {
        for (var i = _busy.Count - 1; i >= 0; i--)
        {
            if (_busy[i].InFlight is { Answer.IsCompleted: true } sending)
            {
                _busy[i].InFlight = null;
                _busy.RemoveAt(i);
                Settle(sending);
            }
        }
    }

    public void Dispose()
    {
        foreach (var builder in _open.Select(buffer => buffer.Builder!).Concat(_spare))
        {
            builder.Dispose();
        }
    }

    private PartitionBuffer Lane(int partition)
    {
        if (!_buffers.TryGetValue(partition, out var buffer))
        {
            _buffers.Add(partition, buffer = new PartitionBuffer(partition));
        }

        return buffer;
    }

    private void Open(PartitionBuffer buffer)
    {
        if (buffer.Builder is null)
        {
            buffer.Builder = _spare.TryPop(out var spare) ? spare : new RecordBatchBuilder(settings.MaxBatchBytes);
            buffer.FirstRecord = Added;
            _open.Add(buffer);
        }
    }

    private void Close(PartitionBuffer buffer)
    {
        _spare.Push(buffer.Builder!);
        buffer.Builder = null;
        _open.Remove(buffer);
        _sticky = _sticky == buffer ? null : _sticky;
    }

    private void Send(PartitionBuffer buffer)
    {
        if (Failure is not null)
        {
            return;
        }

        var (records, size) = (buffer.Builder!.RecordCount, buffer.Builder.SizeInBytes);
        var batch = buffer.Builder.Build(settings.Compression);
        _pendingBytes += batch.Length - (size - RecordBatch.HeaderSize);
        Close(buffer);

        // Not cancelled by Ctrl-C: batches in flight are awaited, so that the final counts are exact.
        var answer = node.ProduceAsync(settings.Topic, buffer.Partition, batch, settings.Acks, CancellationToken.None);
        buffer.InFlight = new Sending(buffer.FirstRecord, records, batch.Length, answer);
        _busy.Add(buffer);
    }

    private void Settle(Sending sending)
    {
        _pendingBytes -= sending.Bytes;
        if (sending.Answer.IsCompletedSuccessfully)
        {
            Acknowledged += sending.Records;
            AcknowledgedBytes += sending.Bytes;
            return;
        }

        _firstLost = Math.Min(_firstLost, sending.FirstRecord);
        var failure = sending.Answer.Exception?.InnerException as NodeException
            ?? new NodeException(
                ErrorCode.UnknownServerError, $"{sending.Answer.Exception?.InnerException?.Message}", ExitCode.Error, isRetriable: false);
        Unanswered += failure.OutcomeIsUnknown ? sending.Records : 0;
        Failure ??= failure;
    }
}
