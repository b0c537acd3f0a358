using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>The effects of one step of a <see cref="ClassicGroupMachine"/>; its records have been applied to the machine.</summary>
public sealed class ClassicStep
{
    private readonly List<ClassicRecord> _records = [];
    private readonly List<(long Call, ClassicJoined Answer)> _joined = [];
    private readonly List<(long Call, ClassicSynced Answer)> _synced = [];

    internal ClassicStep()
    {
    }

    /// <summary>The outcome of a heartbeat.</summary>
    public ErrorCode Error { get; internal set; }

    /// <summary>The outcome for each member that was to leave, in their order.</summary>
    public IReadOnlyList<ErrorCode> Errors { get; internal set; } = [];

    /// <summary>What must be durable before any call is answered.</summary>
    public IReadOnlyList<ClassicRecord> Records => _records;

    /// <summary>Answers to JoinGroup calls, the one of this step among them unless it waits.</summary>
    public IReadOnlyList<(long Call, ClassicJoined Answer)> Joined => _joined;

    /// <summary>Answers to SyncGroup calls, the one of this step among them unless it waits.</summary>
    public IReadOnlyList<(long Call, ClassicSynced Answer)> Synced => _synced;

    /// <summary>Whether the last member has gone.</summary>
    public bool HasEmptied { get; internal set; }

    internal void Add(ClassicRecord record) => _records.Add(record);

    internal void Answer(long call, ClassicJoined answer) => _joined.Add((call, answer));

    internal void Answer(long call, ClassicSynced answer) => _synced.Add((call, answer));
}
