using Loire.Coordination.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Transactions;

/// <summary>A transactional id: every request is judged and applied at once, and its records pass through their encoding.</summary>
internal sealed class TestTransactionalId(long firstId = 8)
{
    public static readonly TimeSpan TimeoutMax = TimeSpan.FromMinutes(15);
    private readonly List<byte[]> _journal = [];
    private long _nextId = firstId;

    public TransactionState State { get; } = new();

    public Timestamp Now { get; set; } = new(1_000_000);

    /// <summary>What the journal holds.</summary>
    public IReadOnlyList<byte[]> Journal => _journal;

    /// <summary>The identity of the last answer that had one.</summary>
    public ProducerIdentity Producer { get; private set; } = ProducerIdentity.None;

    public static PartitionKey Partition(int number, string topic = "t") => new(topic, new TopicId(new Guid(1, 2, 3, new byte[8])), number);

    public TransactionStep Init(ProducerIdentity? current = null, TimeSpan? timeout = null) => Apply(
        id => TransactionRules.Init(State, current ?? ProducerIdentity.None, timeout ?? TimeSpan.FromMinutes(1), TimeoutMax, Now, id));

    public TransactionStep Add(ProducerIdentity producer, params int[] partitions) =>
        Apply(_ => TransactionRules.Enlist(State, producer, [.. partitions.Select(number => Partition(number))], [], Now));

    public TransactionStep AddGroup(ProducerIdentity producer, string group) => Apply(_ => TransactionRules.Enlist(State, producer, [], [group], Now));

    public TransactionStep Verify(ProducerIdentity producer, params int[] partitions) =>
        Apply(_ => TransactionRules.Verify(State, producer, [.. partitions.Select(number => Partition(number))], []));

    public TransactionStep End(ProducerIdentity producer, bool commits, TransactionVersion version) =>
        Apply(id => TransactionRules.End(State, producer, commits, version, Now, id));

    public TransactionStep Abort() => Apply(_ => TransactionRules.Abort(State, Now));

    public TransactionStep TimeOut() => Apply(_ => TransactionRules.TimeOut(State, Now));

    /// <summary>All partitions and groups have heard of the outcome.</summary>
    public void Complete() => Apply(_ => new TransactionStep(ErrorCode.None, null, [new TransactionRecord.Completed(Now)], ProducerIdentity.None));

    /// <summary>The state of the next activation.</summary>
    public static TransactionState Replay(IEnumerable<byte[]> journal)
    {
        var state = new TransactionState();
        foreach (var bytes in journal)
        {
            Assert.True(TransactionRecordCodec.TryRead(bytes, out var record));
            state.Apply(record);
        }

        return state;
    }

    private TransactionStep Apply(Func<long?, TransactionStep> judge)
    {
        var step = judge(null);
        step = step.NeedsProducerId ? judge(_nextId++) : step;
        Assert.False(step.NeedsProducerId);
        foreach (var record in step.Records)
        {
            _journal.Add(TransactionRecordCodec.Write(record).ToArray());
            State.Apply(record);
        }

        Producer = step.Producer == ProducerIdentity.None ? Producer : step.Producer;
        return step;
    }
}
