using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Brokers;

/// <summary>
/// The fetches that callers of other processes have under way at the partitions of this broker. A caller sends each fetch once and keeps one call
/// waiting for whichever of them is answered first, so partitions without new records cost it nothing. Not thread-safe: calls and continuations run
/// on one scheduler.
/// </summary>
/// <param name="fetch">Fetches from a partition, wherever it is.</param>
/// <param name="turns">The turns in which the sessions run.</param>
/// <param name="time">The clock.</param>
internal sealed class FetchSessions(
    Func<string, FetchRequest, CancellationToken, ValueTask<FetchResult>> fetch, ITurnQueue turns, TimeProvider time) : IRetiring, IDisposable
{
    /// <summary>How long a session stays that its caller does not use; longer than any call waits.</summary>
    public static readonly TimeSpan Unused = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long an answer without records waits for others: most partitions of an idle caller have none, and its next fetches come together too.
    /// </summary>
    public static readonly TimeSpan EmptyDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Guid, Session> _sessions = [];
    private bool _isRetired;

    /// <summary>The number of sessions.</summary>
    public int Count => _sessions.Count;

    /// <summary>Begins and cancels fetches of a session, and waits for answers to any of them.</summary>
    public async ValueTask<BrokerFetchResult> FetchAsync(BrokerFetchRequest request, CancellationToken cancellation)
    {
        if (request.MaxWait < TimeSpan.Zero || request.MaxWait > Limits.FetchWait)
        {
            return new BrokerFetchResult(ErrorCode.InvalidRequest, []);
        }

        if (_isRetired)
        {
            return new BrokerFetchResult(ErrorCode.NotLeaderOrFollower, []);
        }

        if (!_sessions.TryGetValue(request.Session, out var session))
        {
            if (!request.IsFirst)
            {
                return new BrokerFetchResult(ErrorCode.FetchSessionIdNotFound, []);
            }

            if (_sessions.Count >= Limits.FetchSessionsPerBroker)
            {
                return new BrokerFetchResult(ErrorCode.ThrottlingQuotaExceeded, []);
            }

            session = _sessions[request.Session] = new Session(this);
        }

        if (session.Running + request.Added.Length > Limits.FetchesPerSession)
        {
            return new BrokerFetchResult(ErrorCode.ThrottlingQuotaExceeded, []);
        }

        foreach (var id in request.Cancelled)
        {
            session.Cancel(id);
        }

        foreach (var added in request.Added)
        {
            session.Start(added);
        }

        return await session.NextAsync(request.Number, request.MaxWait, cancellation);
    }

    /// <summary>Ends the sessions that nobody uses.</summary>
    public void Sweep()
    {
        foreach (var (id, session) in _sessions.Where(pair => time.GetElapsedTime(pair.Value.UsedAt) > Unused).ToList())
        {
            _sessions.Remove(id);
            session.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Retire() => turns.Post(Dispose);

    /// <summary>Ends all sessions, and refuses later calls with a retriable error.</summary>
    public void Dispose()
    {
        _isRetired = true;
        foreach (var session in _sessions.Values)
        {
            session.Dispose();
        }

        _sessions.Clear();
    }

    private sealed class Session(FetchSessions sessions) : IDisposable
    {
        private readonly Dictionary<long, CancellationTokenSource> _running = [];
        private readonly Queue<PartitionFetched> _ready = [];
        private TaskCompletionSource? _waiting;
        private ITimer? _emptyTimer;
        private long _newest = -1;
        private bool _hasNews;

        public int Running => _running.Count;

        public long UsedAt { get; private set; }

        public void Start(PartitionFetch added)
        {
            var cancellation = new CancellationTokenSource();
            if (_running.TryAdd(added.Id, cancellation))
            {
                _ = RunAsync(added, cancellation.Token);
            }
        }

        public void Cancel(long id)
        {
            if (_running.Remove(id, out var cancellation))
            {
                cancellation.Cancel();
                cancellation.Dispose();
            }
        }

        /// <summary>
        /// Waits for answers. Of several calls only the newest waits: the caller has sent it because it had more to say. One that is delivered
        /// twice takes nothing the second time, because that answer would be lost.
        /// </summary>
        public async ValueTask<BrokerFetchResult> NextAsync(long number, TimeSpan maxWait, CancellationToken cancellation)
        {
            UsedAt = sessions.Time.GetTimestamp();
            if (number <= _newest)
            {
                return new BrokerFetchResult(ErrorCode.None, []);
            }

            _newest = number;
            _waiting?.TrySetResult();
            if (!_hasNews && maxWait > TimeSpan.Zero)
            {
                var waiting = _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                using var registration = cancellation.UnsafeRegister(static waiting => ((TaskCompletionSource)waiting!).TrySetResult(), waiting);
                await using var timer = sessions.Time.CreateTimer(
                    static waiting => ((TaskCompletionSource)waiting!).TrySetResult(), waiting, maxWait, Timeout.InfiniteTimeSpan);
                await waiting.Task;
                UsedAt = sessions.Time.GetTimestamp();
            }

            return number == _newest && !cancellation.IsCancellationRequested ? Take() : new BrokerFetchResult(ErrorCode.None, []);
        }

        public void Dispose()
        {
            foreach (var cancellation in _running.Values)
            {
                cancellation.Cancel();
                cancellation.Dispose();
            }

            _running.Clear();
            _emptyTimer?.Dispose();
            _waiting?.TrySetResult();
        }

        private async Task RunAsync(PartitionFetch added, CancellationToken cancellation)
        {
            FetchResult result;
            try
            {
                result = await sessions.Fetch(added.Partition, added.Request, cancellation);
            }
            catch (Exception failure)
            {
                // Of a fetch that was cancelled nobody learns. The caller repeats others, as it does after any retriable error.
                result = new FetchResult(ErrorCode.LeaderNotAvailable, [], added.Request.From, NoBounds, failure.Message);
            }

            if (_running.Remove(added.Id, out var ended))
            {
                ended.Dispose();
                Add(new PartitionFetched(added.Id, result));
            }
        }

        private void Add(PartitionFetched fetched)
        {
            _ready.Enqueue(fetched);
            if (fetched.Result is { Error: ErrorCode.None, Batches.Length: 0 })
            {
                _emptyTimer ??= sessions.Time.CreateTimer(_ => sessions.Turns.Post(Wake), null, EmptyDelay, Timeout.InfiniteTimeSpan);
            }
            else
            {
                Wake();
            }
        }

        private void Wake()
        {
            _emptyTimer?.Dispose();
            _emptyTimer = null;
            _hasNews = _ready.Count > 0;
            _waiting?.TrySetResult();
        }

        private BrokerFetchResult Take()
        {
            var taken = new List<PartitionFetched>();
            for (var bytes = 0L; bytes < Limits.BrokerFetchBytes && _ready.TryDequeue(out var fetched);)
            {
                taken.Add(fetched);
                foreach (var piece in fetched.Result.Batches)
                {
                    bytes += piece.Length;
                }
            }

            _hasNews = _ready.Count > 0;
            return new BrokerFetchResult(ErrorCode.None, [.. taken]);
        }
    }

    private static PartitionOffsets NoBounds { get; } =
        new(ErrorCode.LeaderNotAvailable, Offset.None, Offset.None, Offset.None, Offset.None, LeaderEpoch.None);

    private TimeProvider Time => time;

    private ITurnQueue Turns => turns;

    private Func<string, FetchRequest, CancellationToken, ValueTask<FetchResult>> Fetch => fetch;
}
