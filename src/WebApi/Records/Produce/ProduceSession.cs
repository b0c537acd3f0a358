using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Records.Produce;

/// <summary>What became of a record that was added to a <see cref="ProduceSession"/>.</summary>
internal enum Added
{
    Yes,

    /// <summary>Not yet: make room, then add it again.</summary>
    NoRoom,

    /// <summary>Never: it is larger than a batch of this topic may be.</summary>
    TooLarge,
}

/// <summary>
/// The records of one request on their way to the partitions: batches under construction, appends in flight, what was acknowledged. Bounded in
/// bytes: a request that is faster than the store waits. Used by one flow at a time; only the completion signal is set from elsewhere.
/// After a failure nothing more is sent, and what is in flight is awaited, so that the answer can say exactly what was accepted.
/// <para>
/// What is known of the topic may be outdated. An append whose answer shows that refreshes it before the answer counts, and goes to the topic's
/// next creation unless an earlier one has accepted records of this request. A record that does not fit what is known is held until the topic
/// was asked once more (<see cref="MakeRoomAsync"/>).
/// </para>
/// </summary>
internal sealed class ProduceSession(TopicCache topics, TopicRoutes known, Acks acks, LoireApiOptions options)
{
    // Builders with their buffers are kept for reuse up to this many; a topic with thousands of partitions must not keep one for each.
    private const int SpareBuilders = 16;

    private readonly Dictionary<int, PartitionLane> _lanes = [];
    private readonly List<PartitionLane> _open = [];
    private readonly List<Sending> _inFlight = [];
    private readonly Stack<RecordBatchBuilder> _spare = new();
    private readonly Lock _topicLock = new();
    private volatile TopicRoutes _topic = known;
    private TopicId? _acceptedBy;
    private int _maxBatchBytes = MaxMessageBytes(known);
    private bool _mustCheckTopic;
    private bool _hasCheckedTopic;
    private volatile TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PartitionLane? _sticky;
    private PartitionLane? _full;
    private long _firstLost = long.MaxValue;
    private long _openBytes;
    private long _inFlightBytes;

    /// <summary>Records added so far.</summary>
    public long RecordsAdded { get; private set; }

    /// <summary>Where the last record was added.</summary>
    public int LastPartition { get; private set; }

    /// <summary>Records acknowledged so far, wherever they stood in the request.</summary>
    public long RecordsAccepted { get; private set; }

    /// <summary>The first failure of an append; nothing more is sent after it.</summary>
    public ApiProblem? Failure { get; private set; }

    /// <summary>Whether <see cref="Lane"/>s keep each acknowledgement.</summary>
    public bool KeepsHistory { get; init; }

    /// <summary>Called for each acknowledgement.</summary>
    public Action<Accepted>? OnAccepted { get; init; }

    public int PartitionsCount => _topic.PartitionsCount;

    /// <summary>The topic's <c>max.message.bytes</c>.</summary>
    public int MaxBatchBytes => _maxBatchBytes;

    /// <summary>The lanes in use, in order of their partitions.</summary>
    public IEnumerable<PartitionLane> Lanes => _lanes.Values.OrderBy(lane => lane.Partition);

    /// <summary>Completes when an append in flight has been answered since the last <see cref="Collect"/>.</summary>
    public Task Completion => _completion.Task;

    public bool HasInFlight => _inFlight.Count > 0;

    /// <summary>How many records from the start of the request are all acknowledged.</summary>
    public long Acknowledged
    {
        get
        {
            var first = RecordsAdded;
            foreach (var lane in _open)
            {
                first = Math.Min(first, lane.FirstRecord);
            }

            foreach (var sending in _inFlight)
            {
                first = Math.Min(first, sending.FirstRecord);
            }

            return Failure is null ? first : Math.Min(first, _firstLost);
        }
    }

    public PartitionLane Lane(int partition)
    {
        if (!_lanes.TryGetValue(partition, out var lane))
        {
            lane = new PartitionLane(partition) { History = KeepsHistory ? [] : null };
            _lanes.Add(partition, lane);
        }

        return lane;
    }

    /// <summary>
    /// Adds a record: to <paramref name="partition"/>, or by its key as Kafka's default partitioner does, or without a key to one partition until
    /// its batch is sent and then to another (KIP-480).
    /// </summary>
    public Added TryAdd(
        int? partition,
        Timestamp timestamp,
        ReadOnlySpan<byte> key,
        bool keyIsNull,
        ReadOnlySpan<byte> value,
        bool valueIsNull,
        ReadOnlySpan<RecordHeader> headers)
    {
        var lane = partition is { } wanted ? Lane(wanted)
            : !keyIsNull ? Lane(Murmur2.Partition(key, PartitionsCount))
            : _sticky ??= Lane(Random.Shared.Next(PartitionsCount));
        if (_openBytes + _inFlightBytes >= options.MaxPendingBytesPerRequest)
        {
            return Added.NoRoom;
        }

        if (lane.Builder is null)
        {
            lane.Builder = _spare.TryPop(out var spare) ? spare : new RecordBatchBuilder(_maxBatchBytes);
            lane.FirstRecord = RecordsAdded;
            lane.OpenIndex = _open.Count;
            _open.Add(lane);
            _openBytes += lane.Builder.SizeInBytes;
        }
        else if (lane.Builder.SizeInBytes >= options.BatchBytes)
        {
            _full = lane;
            return Added.NoRoom;
        }

        var before = lane.Builder.SizeInBytes;
        if (!lane.Builder.Append(timestamp, key, keyIsNull, value, valueIsNull, headers))
        {
            if (lane.Builder.RecordCount > 0)
            {
                _full = lane;
                return Added.NoRoom;
            }

            CloseBuilder(lane);
            return MustCheckTopic() ? Added.NoRoom : Added.TooLarge;
        }

        _hasCheckedTopic = false;
        _openBytes += lane.Builder.SizeInBytes - before;
        RecordsAdded++;
        LastPartition = lane.Partition;
        return Added.Yes;
    }

    /// <summary>
    /// Whether to ask the topic, by <see cref="CheckTopicAsync"/> or <see cref="MakeRoomAsync"/>, before a record is refused for what is known
    /// of the topic. True once for each such record.
    /// </summary>
    public bool MustCheckTopic()
    {
        _mustCheckTopic = !_hasCheckedTopic;
        _hasCheckedTopic = !_hasCheckedTopic;
        return _mustCheckTopic;
    }

    /// <summary>Asks the topic anew. Partitions and sizes count from now on as it says, unless it was created again meanwhile.</summary>
    public async ValueTask CheckTopicAsync()
    {
        _mustCheckTopic = false;
        var lookup = await topics.FindAsync(_topic.Name, TopicCache.Fresh, Timeout.InfiniteTimeSpan);
        if (lookup.Topic is { } now && TryMoveTo(now))
        {
            _maxBatchBytes = MaxMessageBytes(now);
            while (_spare.TryPop(out var spare))
            {
                spare.Dispose();
            }
        }
    }

    /// <summary>
    /// Sends what is full, or everything if the request holds too much, and waits until there is room again; asks the topic if a record did
    /// not fit what is known of it.
    /// </summary>
    public async ValueTask MakeRoomAsync()
    {
        if (_mustCheckTopic)
        {
            await CheckTopicAsync();
        }

        if (_full is { } full)
        {
            _full = null;
            await SendAsync(full);
        }

        while (Failure is null && _openBytes + _inFlightBytes >= options.MaxPendingBytesPerRequest)
        {
            SendIdle();
            await WaitAsync();
        }
    }

    /// <summary>
    /// Sends each batch under construction whose lane has nothing in flight. Called when the source pauses: an append in flight lets the batch
    /// behind it grow, so a slow source is answered at once and a fast one in large batches.
    /// </summary>
    public void SendIdle()
    {
        for (var i = _open.Count - 1; i >= 0 && Failure is null; i--)
        {
            if (_open[i].InFlight is null)
            {
                SendOpen(_open[i]);
            }
        }
    }

    /// <summary>Sends everything and waits for every answer.</summary>
    public async ValueTask DrainAsync()
    {
        while (_inFlight.Count > 0 || (Failure is null && _open.Count > 0))
        {
            SendIdle();
            await WaitAsync();
        }
    }

    /// <summary>Sends whole batches that came as bytes, after what is in flight to the same partition.</summary>
    public async ValueTask SendAsync(PartitionLane lane, ReadOnlyMemory<byte> batches, long records)
    {
        await UntilIdleAsync(lane);
        if (Failure is null)
        {
            var first = RecordsAdded;
            RecordsAdded += records;
            Send(lane, batches, first, records);
        }
    }

    /// <summary>Takes note of the answers that have come.</summary>
    public void Collect()
    {
        if (_completion.Task.IsCompleted)
        {
            _completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        for (var i = _inFlight.Count - 1; i >= 0; i--)
        {
            // Backwards, so that what takes a place has been looked at.
            if (_inFlight[i].Answer.IsCompleted)
            {
                var sending = _inFlight[i];
                _inFlight[i] = _inFlight[^1];
                _inFlight.RemoveAt(_inFlight.Count - 1);
                Settle(sending);
            }
        }
    }

    private async ValueTask SendAsync(PartitionLane lane)
    {
        await UntilIdleAsync(lane);
        if (Failure is null)
        {
            SendOpen(lane);
        }
    }

    private async ValueTask UntilIdleAsync(PartitionLane lane)
    {
        while (Failure is null && lane.InFlight is not null)
        {
            await WaitAsync();
        }
    }

    private async ValueTask WaitAsync()
    {
        if (_inFlight.Count > 0)
        {
            await Completion;
        }

        Collect();
    }

    private void SendOpen(PartitionLane lane)
    {
        var records = lane.Builder!.RecordCount;
        var size = lane.Builder.SizeInBytes;
        var batch = lane.Builder.Build(options.ProduceCompression);
        _openBytes -= size - lane.Builder.SizeInBytes;
        CloseBuilder(lane);
        Send(lane, batch, lane.FirstRecord, records);
    }

    private void CloseBuilder(PartitionLane lane)
    {
        _openBytes -= lane.Builder!.SizeInBytes;
        // The last one takes its place: a request may have a batch open for each of thousands of partitions.
        _open[lane.OpenIndex] = _open[^1];
        _open[lane.OpenIndex].OpenIndex = lane.OpenIndex;
        _open.RemoveAt(_open.Count - 1);
        if (_spare.Count < SpareBuilders)
        {
            _spare.Push(lane.Builder);
        }

        lane.Builder = null;
        if (_sticky == lane)
        {
            _sticky = null;
        }
    }

    private void Send(PartitionLane lane, ReadOnlyMemory<byte> batches, long firstRecord, long records)
    {
        Invariant.Check(lane.InFlight is null, "one append in flight for each partition of a request");
        lane.InFlight = new Sending(lane, firstRecord, records, batches.Length) { Answer = AppendAsync(lane.Partition, new AppendRequest(batches, acks)) };
        _inFlight.Add(lane.InFlight);
        _inFlightBytes += batches.Length;
        _ = SignalAsync(lane.InFlight.Answer);
    }

    private async Task<AppendResult> AppendAsync(int partition, AppendRequest request)
    {
        try
        {
            var topic = _topic;
            var result = await topic.Partition(partition).Append(request);

            // Without acknowledgement a partition that has not read its topic yet does not say whether it exists.
            var mayBeGone = TopicRoutes.IsUnknown(result.Error) || (acks == Acks.None && result.TopicVersion == 0);
            if (!topic.IsOutdatedBy(result) && !mayBeGone)
            {
                Accepted(topic, result);
                return result;
            }

            var lookup = await topics.RefreshAsync(topic, result.TopicVersion, Timeout.InfiniteTimeSpan);
            if (lookup.Error == ErrorCode.UnknownTopicOrPartition)
            {
                return result.Error == ErrorCode.None ? result with { Error = lookup.Error } : result;
            }

            var now = lookup.Topic ?? topic;
            if (mayBeGone && now.Id != topic.Id && partition < now.PartitionsCount && TryMoveTo(now))
            {
                result = await now.Partition(partition).Append(request);
                Accepted(now, result);
                return result;
            }

            TryMoveTo(now);
            Accepted(topic, result);
            return result;
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is not null)
        {
            // Whatever the call met on its way, the batch may have arrived: the outcome is unknown, which only this error says.
            return new AppendResult(
                ErrorCode.RequestTimedOut, Offset.None, Offset.None, Timestamp.None, Offset.None, "No answer came; the records may have been appended.");
        }
    }

    // The signal comes after the answer is complete, and Collect looks at the answers after it has renewed the signal: so none is overlooked.
    private async Task SignalAsync(Task answer)
    {
        await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _completion.TrySetResult();
    }

    private void Settle(Sending sending)
    {
        var lane = sending.Lane;
        lane.InFlight = null;
        _inFlightBytes -= sending.Bytes;
        var result = sending.Answer.GetAwaiter().GetResult();
        if (result.Error == ErrorCode.None)
        {
            var accepted = new Accepted(lane.Partition, result.BaseOffset, result.LastOffset, sending.Records);
            RecordsAccepted += sending.Records;
            lane.Accept(accepted);
            OnAccepted?.Invoke(accepted);
            return;
        }

        _firstLost = Math.Min(_firstLost, sending.FirstRecord);
        Failure ??= new ApiProblem(result.Error, result.Detail);
    }

    // Called by answers, which come from other threads.
    private void Accepted(TopicRoutes topic, AppendResult result)
    {
        if (result.Error == ErrorCode.None)
        {
            lock (_topicLock)
            {
                _acceptedBy ??= topic.Id;
            }
        }
    }

    /// <summary>Goes on with the topic as it is now, unless records were accepted by an earlier creation of it.</summary>
    private bool TryMoveTo(TopicRoutes now)
    {
        lock (_topicLock)
        {
            if (_acceptedBy is { } id && id != now.Id)
            {
                return false;
            }

            _topic = now;
            return true;
        }
    }

    private static int MaxMessageBytes(TopicRoutes topic) => Math.Clamp(topic.MaxMessageBytes, RecordBatch.HeaderSize, Limits.BatchBytes);
}
