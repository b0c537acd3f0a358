using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Loire.Edge.Calls;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// The records of one request on their way to the partitions. Bounded in bytes, and within what all requests may hold together: a request
/// that is faster than the store waits. Used by one
/// flow at a time; only batches end on other threads, and count once the flow collects them. After a failure nothing more is sent, and what
/// is under way is awaited, so that the answer can say exactly what was accepted.
/// <para>
/// Records follow the topic to its next creation unless an earlier one has accepted records of this request. A record that does not fit
/// what is known of the topic is held until the topic was asked once more (<see cref="MakeRoomAsync"/>).
/// </para>
/// </summary>
internal sealed class ProduceSession(
    BatchDelivery delivery, TopicRoutes known, Acks acks, LoireApiOptions options, RequestClaim memory) : IAccumulatorOwner, IRecordSink
{
    // The first buffer of a batch, and the objects around it: what a batch of a few small records takes.
    private const int BatchOverheadBytes = 5 * 1024;

    private readonly Dictionary<int, PartitionAccumulator> _partitions = [];
    private readonly HashSet<PartitionAccumulator> _open = [];
    private readonly Queue<Batch> _unacknowledged = new();
    private readonly ConcurrentQueue<Batch> _ended = new();
    private volatile TopicRoutes _topic = known;
    private volatile bool _hasAccepted;
    private volatile PartitionAccumulator? _sticky;
    private volatile TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _mustCheckTopic;
    private bool _hasCheckedTopic;
    private int _pendingBatches;
    private long _pendingBytes;
    private long _wantedBytes;

    /// <summary>Records added so far.</summary>
    public long RecordsAdded { get; private set; }

    /// <summary>The first failure of an append; nothing more is sent after it.</summary>
    public ApiProblem? Failure { get; private set; }

    /// <summary>Called for each batch that was acknowledged.</summary>
    public Action<PendingBatch>? OnAccepted { get; init; }

    public int PartitionsCount => _topic.PartitionsCount;

    /// <summary>The topic's <c>max.message.bytes</c>.</summary>
    public int MaxBatchBytes => Math.Clamp(_topic.MaxMessageBytes, RecordBatch.HeaderSize, Limits.BatchBytes);

    /// <summary>Completes when a batch has ended since the last <see cref="Collect"/>.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Whether the outcome of a batch has not been collected yet.</summary>
    public bool HasPending => _pendingBatches > 0;

    /// <summary>How many records from the start of the request are all acknowledged.</summary>
    public long Acknowledged => _unacknowledged.TryPeek(out var batch) ? batch.FirstRecord : RecordsAdded;

    private long HeldBytes => _pendingBytes + (_pendingBatches * (long)BatchOverheadBytes);

    TopicRoutes IAccumulatorOwner.Routes => _topic;

    Acks IAccumulatorOwner.Acks => acks;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(320);

    /// <summary>
    /// Makes what all requests share: an append is made by the thread that has the records, and again only while its partition moves; its failure
    /// ends the request.
    /// </summary>
    public static BatchDelivery Delivery(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<LoireApiOptions>>().Value;
        return new BatchDelivery(
            services.GetRequiredService<TopicCache>(),
            new ProducePolicy
            {
                BatchBytes = options.BatchBytes,
                Compression = options.ProduceCompression,
                StopsAtFailure = true,

                // The pauses double up to the longest: together about as long as the patience.
                Retries = options.CallPatience == TimeSpan.Zero ? 0 : 5 + (int)(options.CallPatience / LongestPause),
                RetriesOnlyMoves = true,
                RetryBackoff = TimeSpan.FromMilliseconds(10),
                RetryBackoffMax = LongestPause,
            },
            services.GetRequiredService<TimeProvider>(),
            Random.Shared,
            services.GetRequiredService<ILogger<ProduceSession>>());
    }

    /// <summary>
    /// Adds a record: to <paramref name="partition"/>, or by its key as Kafka's default partitioner does, or without a key to one partition
    /// until a batch of it is closed and then to another (KIP-480).
    /// </summary>
    public Added TryAdd(int? partition, in ProducerRecord record, out RecordPlace place)
    {
        place = default;
        if (_pendingBytes >= options.MaxPendingBytesPerRequest)
        {
            return Added.NoRoom;
        }

        if (!record.FitsInto(MaxBatchBytes))
        {
            return MustCheckTopic() ? Added.NoRoom : Added.TooLarge;
        }

        var more = record.ReservedBytes + BatchOverheadBytes;
        if (!memory.TryHoldRecords(HeldBytes + more))
        {
            _wantedBytes = more;
            return Added.NoRoom;
        }

        var to = partition is { } wanted ? Accumulator(wanted)
            : !record.KeyIsNull ? Accumulator(Murmur2.Partition(record.Key, PartitionsCount))
            : _sticky ??= Accumulator(Random.Shared.Next(PartitionsCount));
        if (!to.TryAdd(record, isAwaited: true, out place))
        {
            // A batch has failed, as making room shows.
            return Added.NoRoom;
        }

        _hasCheckedTopic = false;
        _pendingBytes += record.ReservedBytes;
        RecordsAdded++;
        return Added.Yes;
    }

    /// <summary>
    /// Whether to ask the topic, by <see cref="CheckTopicAsync"/> or <see cref="MakeRoomAsync"/>, before a record is refused for what is
    /// known of the topic. True once for each such record.
    /// </summary>
    public bool MustCheckTopic()
    {
        _mustCheckTopic = !_hasCheckedTopic;
        _hasCheckedTopic = !_hasCheckedTopic;
        return _mustCheckTopic;
    }

    /// <summary>Asks the topic again. Its partitions and sizes hold from now on, unless it was created again meanwhile.</summary>
    public async ValueTask CheckTopicAsync()
    {
        _mustCheckTopic = false;
        var lookup = await delivery.Topics.FindAsync(_topic.Name, TopicCache.Fresh, Timeout.InfiniteTimeSpan);
        if (lookup.Topic is { } now)
        {
            TryFollow(now);
        }
    }

    /// <summary>
    /// Waits until there is room again, sending everything if the request holds too much; asks the topic if a record did not fit what is
    /// known of it.
    /// </summary>
    public async ValueTask MakeRoomAsync()
    {
        if (_mustCheckTopic)
        {
            await CheckTopicAsync();
        }

        Collect();
        while (Failure is null && _pendingBytes >= options.MaxPendingBytesPerRequest)
        {
            SendIdle();
            await WaitAsync();
        }

        await ReserveAsync(_wantedBytes);
        _wantedBytes = 0;
    }

    /// <summary>
    /// Waits until the request may hold so many bytes more, sending what it has first, so that requests that wait for each other end. Without room in time
    /// the session fails.
    /// </summary>
    public async ValueTask ReserveAsync(long bytes)
    {
        while (Failure is null && bytes > 0 && !memory.TryHoldRecords(HeldBytes + bytes))
        {
            if (HasPending)
            {
                SendIdle();
                await WaitAsync();
            }
            else if (!await memory.HoldRecordsAsync(HeldBytes + bytes, CancellationToken.None))
            {
                Failure = RequestMemory.NoRoom;
            }
        }
    }

    /// <summary>
    /// Sends each open batch, or lets it grow until the append under way before it is answered. Called when the source pauses, so that a
    /// slow source is answered at once and a fast one in large batches.
    /// </summary>
    public void SendIdle()
    {
        foreach (var accumulator in _open)
        {
            accumulator.Hurry();
        }

        _open.Clear();
    }

    /// <summary>Sends everything and waits for every answer.</summary>
    public async ValueTask DrainAsync()
    {
        SendIdle();
        while (HasPending)
        {
            await WaitAsync();
        }
    }

    /// <summary>Sends whole batches that came as bytes, after what is under way.</summary>
    public async ValueTask SendAsync(int partition, ReadOnlyMemory<byte> batches, int records)
    {
        await DrainAsync();
        if (Failure is null)
        {
            var accumulator = Accumulator(partition);
            var batch = Register(new Batch(this, accumulator, batches, records));
            RecordsAdded += records;
            _pendingBytes += batch.ReservedBytes;
            accumulator.TryAdd(batch);
        }
    }

    /// <summary>Takes note of the batches that have ended.</summary>
    public void Collect()
    {
        // A batch is queued before the signal is set, so whichever signal it sets, this or a later call finds it.
        if (_completion.Task.IsCompleted)
        {
            _completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        while (_ended.TryDequeue(out var batch))
        {
            Settle(batch);
        }
    }

    bool IAccumulatorOwner.TryFollow(TopicRoutes routes) => TryFollow(routes);

    PendingBatch IAccumulatorOwner.OpenBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder)
    {
        _open.Add(accumulator);
        return Register(new Batch(this, accumulator, builder));
    }

    // A record that the batch had no room for has opened the next one, which gets no more records: it goes with that batch.
    void IAccumulatorOwner.OnBatchClosed(int partition)
    {
        if (_sticky is { } sticky && sticky.Partition == partition)
        {
            _sticky = null;
            sticky.Hurry();
        }
    }

    private PartitionAccumulator Accumulator(int partition)
    {
        ref var accumulator = ref CollectionsMarshal.GetValueRefOrAddDefault(_partitions, partition, out _);
        return accumulator ??= new PartitionAccumulator(delivery, this, partition);
    }

    private Batch Register(Batch batch)
    {
        _unacknowledged.Enqueue(batch);
        _pendingBatches++;
        _pendingBytes += RecordBatch.HeaderSize;
        return batch;
    }

    private async ValueTask WaitAsync()
    {
        await Completion;
        Collect();
    }

    private void Settle(Batch batch)
    {
        _pendingBatches--;
        _pendingBytes -= RecordBatch.HeaderSize + batch.ReservedBytes;
        memory.TryHoldRecords(HeldBytes);
        if (batch.Failure is { } failure)
        {
            if (Failure is null)
            {
                Failure = Problem(failure);
                foreach (var accumulator in _partitions.Values)
                {
                    accumulator.Abandon(failure);
                }
            }

            return;
        }

        batch.IsAccepted = true;
        while (_unacknowledged.TryPeek(out var first) && first.IsAccepted)
        {
            _unacknowledged.Dequeue();
        }

        OnAccepted?.Invoke(batch);
    }

    /// <summary>Continues with the topic as it is now, unless records were accepted by an earlier creation of it.</summary>
    private bool TryFollow(TopicRoutes now)
    {
        if (_hasAccepted && now.Id != _topic.Id)
        {
            return false;
        }

        _topic = now;
        return true;
    }

    private static ApiProblem Problem(AppendFailure failure)
    {
        if (failure.Exception is not { } exception)
        {
            return new ApiProblem(failure.Code, failure.Text);
        }

        if (GrainCallErrors.Of(exception) is null)
        {
            ExceptionDispatchInfo.Throw(exception);
        }

        if (!failure.IsOutcomeUnknown)
        {
            return ApiProblem.FromGrainCall(exception)!;
        }

        // The batch may have arrived: the outcome is unknown, which only this error says.
        return new ApiProblem(ErrorCode.RequestTimedOut, "No answer came; the records may have been appended.");
    }

    /// <summary>A batch of the request.</summary>
    private sealed class Batch : PendingBatch
    {
        private readonly ProduceSession _session;
        private readonly ReadOnlyMemory<byte> _encoded;

        public Batch(ProduceSession session, PartitionAccumulator accumulator, RecordBatchBuilder builder)
            : base(accumulator, builder) => (_session, FirstRecord) = (session, session.RecordsAdded);

        public Batch(ProduceSession session, PartitionAccumulator accumulator, ReadOnlyMemory<byte> encoded, int records)
            : base(accumulator, records, encoded.Length) => (_session, FirstRecord, _encoded) = (session, session.RecordsAdded, encoded);

        /// <summary>Which record of the request, from 0, is its first.</summary>
        public long FirstRecord { get; }

        /// <summary>Whether it was acknowledged, and that was collected.</summary>
        public bool IsAccepted { get; set; }

        protected override ReadOnlyMemory<byte> Encoded => _encoded;

        protected override void OnEnded()
        {
            if (Failure is null)
            {
                _session._hasAccepted = true;
            }

            _session._ended.Enqueue(this);
            _session._completion.TrySetResult();
        }
    }
}
