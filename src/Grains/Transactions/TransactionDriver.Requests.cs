using Loire.Coordination.Transactions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Transactions;

public sealed partial class TransactionDriver
{
    // Bytes of pending changes at which partitions are refused.
    private const long PendingBytesMax = 32 * 1024 * 1024;

    /// <summary>Begins the life of a producer.</summary>
    public async Task<InitProducerResult> InitAsync(InitProducerRequest request)
    {
        var (step, _) = await AnswerAsync(
            newId => TransactionRules.Init(State, request.Current, request.Timeout, _options.TimeoutMax, Date, newId), waits: true);
        return new InitProducerResult(step.Error, step.Producer, step.Detail);
    }

    /// <summary>Adds partitions and groups to the open transaction, or verifies that they are part of it.</summary>
    public async Task<EnlistResult> EnlistAsync(EnlistRequest request)
    {
        // What is not legal could be written, and not be read again.
        if (!Enum.IsDefined(request.Mode) || request.Partitions?.All(static key => key.Topic != default && key.Partition >= 0) != true
            || request.Groups?.All(static group => group != default) != true)
        {
            return new EnlistResult(ErrorCode.InvalidRequest, 0, "Partitions, groups and what to do with them must be given.");
        }

        // A partition that asks may be one that is told of the end at this moment, so a question never waits.
        var (step, number) = request.Mode == EnlistMode.Verify
            ? await AnswerAsync(_ => TransactionRules.Verify(State, request.Producer, request.Partitions, request.Groups), waits: false)
            : await AnswerAsync(_ => IsFull ? Full : TransactionRules.Enlist(State, request.Producer, request.Partitions, request.Groups, Date), waits: true);
        return new EnlistResult(step.Error, step.Error is ErrorCode.None or ErrorCode.ConcurrentTransactions ? number : 0, step.Detail);
    }

    /// <summary>Commits or aborts the open transaction.</summary>
    public async Task<EndTransactionResult> EndAsync(EndTransactionRequest request)
    {
        if (!Enum.IsDefined(request.Version))
        {
            return new EndTransactionResult(ErrorCode.InvalidRequest, ProducerIdentity.None, "There is no such dialect.");
        }

        var (step, _) = await AnswerAsync(
            newId => TransactionRules.End(State, request.Producer, request.Commits, request.Version, Date, newId), waits: true);
        return new EndTransactionResult(step.Error, step.Producer, step.Detail);
    }

    /// <summary>Aborts the open transaction on behalf of an operator.</summary>
    public async Task<ErrorCode> AbortAsync() => (await AnswerAsync(_ => TransactionRules.Abort(State, Date), waits: false)).Step.Error;

    /// <summary>Describes the id.</summary>
    public async Task<TransactionResult> DescribeAsync()
    {
        var error = await NewestAsync();
        if (error == ErrorCode.None && !State.Exists)
        {
            DropIfUnused();
            return new TransactionResult(ErrorCode.TransactionalIdNotFound, null);
        }

        if (error != ErrorCode.None)
        {
            return new TransactionResult(error, null);
        }

        IReadOnlyCollection<PartitionKey> partitions = _markers?.Partitions ?? State.Partitions;
        IReadOnlyCollection<GroupId> groups = _markers?.Groups ?? State.Groups;
        var description = new TransactionDescription(
            _id, State.Status, State.Producer, State.Timeout, State.StartedAt,
            [.. partitions.Select(key => new TopicPartition(key.Topic, key.Partition)).Order()], [.. groups.Order()]);
        error = await _journal.Durable;
        return new TransactionResult(error, error == ErrorCode.None ? description : null);
    }

    private bool IsFull => _journal.PendingBytes > PendingBytesMax;

    private static TransactionStep Full => Refusal(ErrorCode.ThrottlingQuotaExceeded, "Too many changes of this transaction wait for storage.");

    private static TransactionStep Refusal(ErrorCode error, string? detail = null) => new(error, detail, [], ProducerIdentity.None);

    /// <summary>Judges a request, makes its records durable, and returns the answer.</summary>
    /// <param name="judge">Judges it by the present state, maybe several times, with a new producer id if it needs one.</param>
    /// <param name="waits">Whether it waits while the transaction before is completed.</param>
    /// <returns>The answer, and the number of the transaction when it was judged.</returns>
    private async Task<(TransactionStep Step, long Number)> AnswerAsync(Func<long?, TransactionStep> judge, bool waits)
    {
        if (!await _areAllowed())
        {
            return (Refusal(ErrorCode.UnsupportedVersion, "The feature level of the cluster has no transactions."), 0);
        }

        var request = new Request(judge, waits ? Now + _options.CompletionWait : TimeSpan.MinValue);
        _requests++;
        try
        {
            return await AnswerAsync(request);
        }
        finally
        {
            _requests--;
            if (request.IsCreating)
            {
                _listing.EndCreation();
            }

            DropIfUnused();
            Arm();
        }
    }

    private async Task<(TransactionStep Step, long Number)> AnswerAsync(Request request)
    {
        while (true)
        {
            var error = await OpenedAsync();
            if (error != ErrorCode.None)
            {
                return (Refusal(error), 0);
            }

            // There is no await between the judgement and the journal: the next request must see this change.
            var step = request.Judge(request.NewId);
            if (step.NeedsProducerId)
            {
                (error, request.NewId) = await _nextProducerId();
            }
            else if (Opens(step) && !request.IsCreating && !_listing.IsListed)
            {
                // What may be open must be found if this silo dies, so the catalog knows first.
                error = await _listing.BeginCreationAsync();
                request.IsCreating = error == ErrorCode.None;
            }
            else if (step.Records.Count > 0)
            {
                var committed = CommitAsync(step.Records);
                var number = State.Number;
                error = await committed;
                if (error == ErrorCode.None && step.Error == ErrorCode.None)
                {
                    return (step, number);
                }

                // A producer that begins has had aborted what was open. Its request is judged again, and waits until that is complete.
            }
            else if (step.Error == ErrorCode.ConcurrentTransactions && await CompletedAsync(request.WaitsUntil))
            {
                request.IsNewest = false;
                continue;
            }
            else if (request.IsNewest)
            {
                var number = State.Number;
                error = await _journal.Durable;
                return (error == ErrorCode.None ? step : Refusal(error), number);
            }
            else
            {
                // No write confirms that this is the newest state: there may be another owner.
                error = await NewestAsync();
                request.IsNewest = error == ErrorCode.None;
                if (request.IsNewest)
                {
                    continue;
                }
            }

            if (error != ErrorCode.None)
            {
                return (Refusal(error), 0);
            }

            request.IsNewest = false;
        }
    }

    private Task<bool> CompletedAsync(TimeSpan waitsUntil)
    {
        var completed = _parked.WaitAsync(waitsUntil, Now);
        Arm();
        return completed;
    }

    private static bool Opens(TransactionStep step) => step.Records is [TransactionRecord.Initialized or TransactionRecord.Begun, ..];

    /// <summary>A request that is being answered.</summary>
    private sealed class Request(Func<long?, TransactionStep> judge, TimeSpan waitsUntil)
    {
        public Func<long?, TransactionStep> Judge => judge;

        /// <summary>Until when it waits for the end of the transaction before it.</summary>
        public TimeSpan WaitsUntil => waitsUntil;

        /// <summary>A producer id for it, if it needs one.</summary>
        public long? NewId { get; set; }

        /// <summary>Whether the catalog keeps the id for it.</summary>
        public bool IsCreating { get; set; }

        /// <summary>Whether the state has been compared with storage since the last wait.</summary>
        public bool IsNewest { get; set; }
    }
}
