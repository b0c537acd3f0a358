using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Tests.Benches;

/// <summary>
/// Coordinators of transactions that keep to their contract: a transaction begins after the end of the one before has been told, and a group is part of it
/// once it was added. Producer N has the transactional id <c>tx-N</c>.
/// </summary>
internal sealed class FakeCoordinator
{
    private readonly Dictionary<TransactionalId, State> _states = [];

    private sealed class State(ProducerIdentity producer)
    {
        public ProducerIdentity Producer { get; set; } = producer;

        public long Number { get; set; }

        public bool IsOpen { get; set; }

        public TransactionMarker? Untold { get; set; }

        public HashSet<GroupId> Groups { get; } = [];
    }

    /// <summary>How often groups have asked.</summary>
    public int Asked { get; private set; }

    /// <summary>The answer to the next question, which is decided at once, arrives after this task.</summary>
    public Task? HoldNextAnswer { get; set; }

    public static TransactionalId IdOf(long producer) => $"tx-{producer}";

    /// <summary>The present identity of a producer.</summary>
    public ProducerIdentity Producer(long id) => Of(id).Producer;

    /// <summary>A producer of the first dialect adds the group.</summary>
    public void Add(long producer) => Begin(Of(producer)).Groups.Add("g");

    /// <summary>Decides the end of the open transaction; its group must be told by <see cref="Told"/> before the next one begins.</summary>
    public TransactionMarker End(long producer, bool commits, bool raises = true)
    {
        var state = Of(producer);
        state.IsOpen = false;
        state.Producer = state.Producer with { Epoch = (short)(state.Producer.Epoch + (raises ? 1 : 0)) };
        return state.Untold = new TransactionMarker(IdOf(producer), state.Producer, raises, commits, state.Number);
    }

    /// <summary>The group has confirmed the end.</summary>
    public void Told(long producer)
    {
        var state = Of(producer);
        state.Untold = null;
        state.Groups.Clear();
    }

    /// <summary>The id expires.</summary>
    public void Forget(long producer) => _states.Remove(IdOf(producer));

    public async ValueTask<EnlistResult> Enlist(TransactionalId id, EnlistRequest request)
    {
        Asked++;
        var result = Decide(_states[id], request);
        if (HoldNextAnswer is { } held)
        {
            HoldNextAnswer = null;
            await held;
        }

        return result;
    }

    public TransactionResult Describe(TransactionalId id) => !_states.TryGetValue(id, out var state)
        ? new TransactionResult(ErrorCode.TransactionalIdNotFound, null)
        : new TransactionResult(ErrorCode.None, new TransactionDescription(
            id, state.IsOpen ? TransactionStatus.Ongoing : TransactionStatus.CompleteCommit, state.Producer, TimeSpan.FromMinutes(1), Timestamp.None, [],
            [.. state.Groups]));

    private static EnlistResult Decide(State state, EnlistRequest request)
    {
        var error = request.Producer.Id != state.Producer.Id ? ErrorCode.InvalidProducerIdMapping
            : request.Producer != state.Producer ? ErrorCode.ProducerFenced
            : state.Untold is not null ? ErrorCode.ConcurrentTransactions
            : request.Mode == EnlistMode.Verify && !(state.IsOpen && request.Groups.All(state.Groups.Contains)) ? ErrorCode.InvalidTxnState
            : ErrorCode.None;
        if (error == ErrorCode.None && request.Mode != EnlistMode.Verify)
        {
            Begin(state).Groups.UnionWith(request.Groups);
        }

        return new EnlistResult(error, error == ErrorCode.None ? state.Number : 0, null);
    }

    private static State Begin(State state)
    {
        Assert.Null(state.Untold);
        state.Number += state.IsOpen ? 0 : 1;
        state.IsOpen = true;
        return state;
    }

    private State Of(long producer)
    {
        if (!_states.TryGetValue(IdOf(producer), out var state))
        {
            _states.Add(IdOf(producer), state = new State(new ProducerIdentity(producer, 0)));
        }

        return state;
    }
}
