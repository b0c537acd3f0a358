using System.Security.Cryptography;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>How a fetch begins.</summary>
/// <param name="Error">The error of the whole request; then nothing is read.</param>
/// <param name="Session">The session that the answer names; null for none.</param>
/// <param name="IsIncremental">Whether the answer leaves out what is not new.</param>
/// <param name="Wanted">What is read, in the order in which it is served; no partition twice.</param>
internal readonly record struct FetchBeginning(ErrorCode Error, IncrementalSession? Session, bool IsIncremental, IReadOnlyList<WantedPartition> Wanted);

/// <summary>
/// The incremental sessions of a node (KIP-227). If there is no room for one more, the session that has not been used for the longest makes room, but not before
/// <see cref="FetchLimits.SessionIdle"/>; otherwise a client gets none, which all of them cope with. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="newReads">Makes what reads the partitions of a session; null in tests.</param>
/// <param name="capacity">The maximum number of sessions.</param>
/// <param name="partitions">The maximum number of partitions of a session.</param>
internal sealed class IncrementalSessions(
    TimeProvider time, Func<StandingReads>? newReads = null, int capacity = FetchLimits.Sessions, int partitions = FetchLimits.SessionPartitions)
{
    private const int NoSession = 0;
    private const int FirstRequest = 0;
    private const int LastRequest = -1;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, LinkedListNode<IncrementalSession>> _sessions = [];
    private readonly LinkedList<IncrementalSession> _byUse = [];

    /// <summary>The number of sessions.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Begins a fetch: without a session, with a new one, or with one that goes on.</summary>
    /// <param name="id">The id of the session in the request; 0 for none.</param>
    /// <param name="epoch">The request's epoch: 0 opens a session and −1 wants none, and either ends the one with the id.</param>
    /// <param name="byId">Whether the request names topics by their ids.</param>
    /// <param name="asked">The partitions in the request. One that is named twice is wanted once, as it was named last.</param>
    /// <param name="forgotten">What the session is to forget.</param>
    public FetchBeginning Begin(int id, int epoch, bool byId, IReadOnlyList<WantedPartition> asked, IReadOnlyList<NamedPartition> forgotten)
    {
        if (epoch is FirstRequest or LastRequest)
        {
            Remove(id);
            var wanted = Distinct(asked);
            return new FetchBeginning(ErrorCode.None, epoch == FirstRequest ? Open(byId, wanted) : null, false, wanted);
        }

        if (Use(id) is not { } session)
        {
            return Failed(ErrorCode.FetchSessionIdNotFound);
        }

        if (session.Continue(epoch, byId, asked, forgotten, out var all) is not ErrorCode.None and var error)
        {
            return Failed(error);
        }

        if (all.Count > partitions)
        {
            // The client begins again with all it wants, and gets no session.
            Remove(id);
            return Failed(ErrorCode.FetchSessionIdNotFound);
        }

        if (all.Count == 0)
        {
            Remove(id);
            return new FetchBeginning(ErrorCode.None, null, false, []);
        }

        return new FetchBeginning(ErrorCode.None, session, true, all);
    }

    /// <summary>Ends a session, unless its client has gone on with it.</summary>
    public void RemoveUnused(int id)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(id, out var node) || node.Value.IsUsed)
            {
                return;
            }
        }

        Remove(id);
    }

    /// <summary>Ends all sessions, because the node stops.</summary>
    public void Close()
    {
        List<int> ids;
        lock (_lock)
        {
            ids = [.. _sessions.Keys];
        }

        ids.ForEach(Remove);
    }

    private static FetchBeginning Failed(ErrorCode error) => new(error, null, false, []);

    private static IReadOnlyList<WantedPartition> Distinct(IReadOnlyList<WantedPartition> asked)
    {
        var last = new OrderedDictionary<NamedPartition, ReadPosition>(asked.Count);
        foreach (var (partition, position) in asked)
        {
            last[partition] = position;
        }

        return last.Count == asked.Count ? asked : [.. last.Select(static one => new WantedPartition(one.Key, one.Value))];
    }

    private IncrementalSession? Open(bool byId, IReadOnlyList<WantedPartition> wanted)
    {
        if (wanted.Count > partitions)
        {
            return null;
        }

        IncrementalSession? evicted = null;
        IncrementalSession session;
        lock (_lock)
        {
            if (_sessions.Count >= capacity)
            {
                if (_byUse.First is not { } oldest || time.GetElapsedTime(oldest.Value.UsedAt) < FetchLimits.SessionIdle)
                {
                    return null;
                }

                evicted = oldest.Value;
                _sessions.Remove(evicted.Id);
                _byUse.Remove(oldest);
            }

            session = new IncrementalSession(NewId(), byId, newReads?.Invoke()) { UsedAt = time.GetTimestamp() };
            _sessions.Add(session.Id, _byUse.AddLast(session));
        }

        evicted?.Reads?.Close();
        session.Add(wanted);
        return session;
    }

    /// <summary>Not to be guessed: the id is all that a session of another client is protected by.</summary>
    private int NewId()
    {
        int id;
        do
        {
            id = RandomNumberGenerator.GetInt32(1, int.MaxValue);
        }
        while (_sessions.ContainsKey(id));
        return id;
    }

    private IncrementalSession? Use(int id)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(id, out var node))
            {
                return null;
            }

            node.Value.UsedAt = time.GetTimestamp();
            _byUse.Remove(node);
            _byUse.AddLast(node);
            return node.Value;
        }
    }

    private void Remove(int id)
    {
        IncrementalSession session;
        lock (_lock)
        {
            if (id == NoSession || !_sessions.Remove(id, out var node))
            {
                return;
            }

            session = node.Value;
            _byUse.Remove(node);
        }

        session.Reads?.Close();
    }
}
