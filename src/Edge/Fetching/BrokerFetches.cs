using System.Collections.Concurrent;
using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Edge.Fetching;

/// <summary>
/// Makes the fetches of one process that wait for new records through one call for each broker, instead of one for each partition. A failure of that call is a failure of each fetch. Thread-safe.
/// </summary>
/// <param name="grains">Provides references to grains.</param>
/// <param name="time">The clock.</param>
/// <param name="background">Runs the calls; the thread pool by default.</param>
public sealed class BrokerFetches(IGrainFactory grains, TimeProvider time, BackgroundWork? background = null)
{
    /// <summary>How long one call waits; a caller that ends without a word is noticed after this time.</summary>
    public static readonly TimeSpan CallWait = TimeSpan.FromSeconds(30);

    // What an answer may take beyond the wait: a call that was lost with its silo gets none.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly BackgroundWork _background = background ?? new BackgroundWork();
    private readonly ConcurrentDictionary<int, Connection> _brokers = new();

    /// <summary>Fetches from a partition by way of a broker, which forwards the fetch if it does not lead the partition.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="partition">The key of the partition's grain.</param>
    /// <param name="request">Where to read, how much, and how long to wait for it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Exception">The call of the broker failed; see <see cref="GrainCallErrors"/>.</exception>
    public Task<FetchResult> FetchAsync(int broker, string partition, FetchRequest request, CancellationToken cancellation) =>
        _brokers.GetOrAdd(broker, id => new Connection(this, grains.GetGrain<IBrokerGrain>(id))).FetchAsync(partition, request, cancellation);

    /// <summary>One broker. A single flow makes the calls; it runs while fetches are waited for.</summary>
    private sealed class Connection(BrokerFetches fetches, IBrokerGrain broker)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<long, Pending> _pending = [];
        private List<long> _added = [];
        private List<long> _cancelled = [];
        private TaskCompletionSource _more = NewSignal();
        private Guid _session = Guid.NewGuid();
        private long _calls;
        private long _ids;
        private bool _isRunning;

        public async Task<FetchResult> FetchAsync(string partition, FetchRequest request, CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            long id;
            Pending pending;
            bool mustStart;
            TaskCompletionSource more;
            lock (_lock)
            {
                id = ++_ids;
                _pending[id] = pending = new Pending(new PartitionFetch(id, partition, request));
                _added.Add(id);
                (mustStart, _isRunning, more) = (!_isRunning, true, _more);
            }

            if (mustStart)
            {
                fetches._background.Start(static connection => connection.RunAsync(), this);
            }

            more.TrySetResult();
            using var registration = cancellation.UnsafeRegister((_, token) => Cancel(id, token), null);
            return await pending.Task;
        }

        private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

        private void Cancel(long id, CancellationToken cancellation)
        {
            Pending? pending;
            lock (_lock)
            {
                if (_pending.Remove(id, out pending) && !_added.Remove(id))
                {
                    _cancelled.Add(id);
                }
            }

            pending?.TrySetCanceled(cancellation);
        }

        private async Task RunAsync()
        {
            while (true)
            {
                Task more;
                lock (_lock)
                {
                    if (_pending.Count == 0)
                    {
                        // The broker forgets the session after a while.
                        _isRunning = false;
                        return;
                    }

                    _more = NewSignal();
                    more = _more.Task;
                }

                // The first call of a session must have ended before the next, which might overtake it.
                var request = NextRequest();
                var call = CallAsync(request);
                await (request.IsFirst ? call : Task.WhenAny(call, more));
            }
        }

        /// <summary>Takes what is to be said in the next call. The first one of a session does not wait.</summary>
        private BrokerFetchRequest NextRequest()
        {
            lock (_lock)
            {
                var request = new BrokerFetchRequest(
                    _session, _calls, _calls == 0, [.. _added.Select(id => _pending[id].Fetch)], [.. _cancelled],
                    _calls == 0 ? TimeSpan.Zero : CallWait);
                _calls++;
                (_added, _cancelled) = ([], []);
                return request;
            }
        }

        /// <summary>Makes one call and passes on what it brings, its failure included.</summary>
        private async Task CallAsync(BrokerFetchRequest request)
        {
            try
            {
                var task = broker.Fetch(request, CancellationToken.None).AsTask();
                await BackgroundWork.WaitAsync(task, request.MaxWait + AnswerWithin, fetches.Time, CancellationToken.None);
                var answer = await task;
                if (answer.Error != ErrorCode.None)
                {
                    Refuse(request, answer.Error);
                    return;
                }

                foreach (var fetched in answer.Fetched)
                {
                    Take(fetched.Id)?.TrySetResult(fetched.Result);
                }
            }
            catch (Exception failure)
            {
                Fail(request, failure);
            }
        }

        private Pending? Take(long id)
        {
            lock (_lock)
            {
                return _pending.Remove(id, out var pending) ? pending : null;
            }
        }

        private void Refuse(BrokerFetchRequest request, ErrorCode error)
        {
            if (error == ErrorCode.FetchSessionIdNotFound)
            {
                lock (_lock)
                {
                    if (_session == request.Session)
                    {
                        NewSession();
                        _added = [.. _pending.Keys];
                    }
                }

                return;
            }

            foreach (var pending in TakeAll(request.Session))
            {
                pending.TrySetResult(new FetchResult(
                    error, [], pending.Fetch.Request.From,
                    new PartitionOffsets(error, Offset.None, Offset.None, Offset.None, Offset.None, LeaderEpoch.None), null));
            }
        }

        private void Fail(BrokerFetchRequest request, Exception failure)
        {
            foreach (var pending in TakeAll(request.Session))
            {
                pending.TrySetException(failure);
            }
        }

        /// <summary>Takes everything that is waited for, unless another call of the session has failed before.</summary>
        private List<Pending> TakeAll(Guid session)
        {
            lock (_lock)
            {
                if (_session != session)
                {
                    return [];
                }

                var all = _pending.Values.ToList();
                _pending.Clear();
                _added.Clear();
                NewSession();
                return all;
            }
        }

        private void NewSession()
        {
            _session = Guid.NewGuid();
            _calls = 0;
            _cancelled.Clear();
        }
    }

    private sealed class Pending(PartitionFetch fetch) : TaskCompletionSource<FetchResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public PartitionFetch Fetch => fetch;
    }

    private TimeProvider Time => time;
}
