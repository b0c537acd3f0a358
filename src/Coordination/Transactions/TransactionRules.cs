using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions;

/// <summary>
/// Judges the requests to a transactional id. These rules never change the state; only <see cref="TransactionState.Apply"/> does. Below, E is the
/// present epoch; what a request with any other identity than those named is answered with stands at the end.
/// <code>
///   request                 not in use    Empty            Ongoing           PrepareCommit     PrepareAbort      CompleteCommit    CompleteAbort
///   Init, no identity       new id, 0     E+1              abort; CONC       CONC              CONC              E+1               E+1
///   Init, with E            new id, 0     E+1, prev. E     abort; CONC       CONC              CONC              E+1, prev. E      E+1, prev. E
///   Init, with previous     new id, 0     E                FENCED            CONC              CONC              E                 E
///   Enlist, with E          MAPPING       begin, add       add what is new   CONC              CONC              begin, add        begin, add
///   Verify, with E          MAPPING       STATE            part of it, or    CONC              CONC              STATE             STATE
///                                                          STATE
///   End in V1, with E       MAPPING       STATE            decide; E         CONC or STATE *   CONC or STATE *   E or STATE *      E or STATE *
///   End in V2, commit, E    MAPPING       STATE            decide; E+1       CONC              CONC              STATE             STATE
///   End in V2, abort, E     MAPPING       nothing; E+1     decide; E+1       CONC              CONC              nothing; E+1      nothing; E+1
///   End in V2, previous     MAPPING       FENCED           FENCED            CONC or STATE *   CONC or STATE *   E or STATE *      E or STATE *
///   Abort (operator)        NOT FOUND     none open        abort             STATE             none open         none open         none open
///   over its time           -             -                abort             -                 -                 -                 -
///   all know the outcome    -             -                -                 CompleteCommit    CompleteAbort     -                 -
///   expired                 -             forget           -                 -                 -                 forget            forget
/// </code>
/// <list type="bullet">
/// <item>CONC is <see cref="ErrorCode.ConcurrentTransactions"/>, MAPPING <see cref="ErrorCode.InvalidProducerIdMapping"/>, STATE
/// <see cref="ErrorCode.InvalidTxnState"/>, FENCED <see cref="ErrorCode.ProducerFenced"/>.</item>
/// <item>* The first if asked for the outcome that it has, the second if for the other one. In V2 that answers the repetition of an end whose answer was
/// lost, which comes with the epoch before it; only after an end that raised the epoch. If the coordinator forced the abort, a commit is FENCED, while an
/// abort gets the new epoch: its producer may go on, as it may by Init (KIP-360).</item>
/// <item>"abort" is the coordinator's: the marker has E+1, which fences the producer, and the next Init gives E+2, or E+1 to the same producer (Init with
/// the identity that it had). An end that was prepared in V1 answers End in V2 with E as its repetition.</item>
/// <item>An exhausted epoch (32766 is the last that a producer gets) continues with a new id and epoch 0, at Init or at End in V2. The marker of the latter
/// still has epoch 32767 of the old id.</item>
/// <item>Any other identity: Init is FENCED; the others MAPPING if the id is another, FENCED if the epoch is.</item>
/// </list>
/// Unlike Kafka: Init with an old epoch of the same id does not abort what the newest producer has open; and End in V2 with E is CONC and not FENCED while
/// an end is completed, since its producer learned E from the answer to that end.
/// </summary>
public static class TransactionRules
{
    /// <summary>The last epoch that a producer gets; a marker may have the next one (Kafka's).</summary>
    public const short LastEpoch = short.MaxValue - 1;

    /// <summary>Handles the start of a producer, or its request for the next epoch.</summary>
    /// <param name="state">The id.</param>
    /// <param name="current">The identity that the producer has; <see cref="ProducerIdentity.None"/> for a new one.</param>
    /// <param name="timeout">How long its transactions may stay open.</param>
    /// <param name="timeoutMax">The longest that is allowed.</param>
    /// <param name="now">The time.</param>
    /// <param name="newId">A producer id that no producer has had; null if it is fetched only when needed.</param>
    public static TransactionStep Init(
        TransactionState state, ProducerIdentity current, TimeSpan timeout, TimeSpan timeoutMax, Timestamp now, long? newId)
    {
        if (timeout <= TimeSpan.Zero || timeout > timeoutMax)
        {
            return TransactionStep.Refuse(
                ErrorCode.InvalidTransactionTimeout, $"The timeout of a transaction is more than zero and at most {timeoutMax.TotalMilliseconds} ms.");
        }

        var (isNew, isPresent) = (current == ProducerIdentity.None, current == state.Producer);
        timeout = TimeSpan.FromMilliseconds(Math.Ceiling(timeout.TotalMilliseconds));
        if (!state.Exists)
        {
            // With an identity too: the id has expired, and its producer may go on (as in Kafka).
            return newId is { } first ? Initialize(new ProducerIdentity(first, 0), ProducerIdentity.None) : TransactionStep.WithProducerId;
        }

        if (!isNew && !isPresent && current != state.Previous)
        {
            return TransactionStep.Refuse(ErrorCode.ProducerFenced, "A newer producer uses the transactional id.");
        }

        switch (state.Status)
        {
            case TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort:
                return Concurrent();
            case TransactionStatus.Ongoing when isNew || isPresent:
                return TransactionStep.Refuse(
                    ErrorCode.ConcurrentTransactions, "The open transaction is aborted first.", ForcedAbort(state, now));
            case TransactionStatus.Ongoing:
                return TransactionStep.Refuse(ErrorCode.ProducerFenced, "The producer has gone on with a newer epoch.");
        }

        // A fencing marker may have used up the epoch that the producer would go on with.
        if (!isNew && !isPresent && state.Producer.Epoch <= LastEpoch)
        {
            return TransactionStep.Accept(state.Producer);
        }

        var previous = isNew ? ProducerIdentity.None : current;
        return state.Producer.Epoch < LastEpoch ? Initialize(state.Producer with { Epoch = (short)(state.Producer.Epoch + 1) }, previous)
            : newId is { } id ? Initialize(new ProducerIdentity(id, 0), previous)
            : TransactionStep.WithProducerId;

        TransactionStep Initialize(ProducerIdentity producer, ProducerIdentity before) =>
            TransactionStep.Accept(producer, new TransactionRecord.Initialized(now, producer, before, timeout));
    }

    /// <summary>Adds partitions and groups to the open transaction, and begins one if none is open.</summary>
    public static TransactionStep Enlist(
        TransactionState state, ProducerIdentity producer, IReadOnlyCollection<PartitionKey> partitions, IReadOnlyCollection<GroupId> groups, Timestamp now)
    {
        if (Identify(state, producer) is { } refusal)
        {
            return refusal;
        }

        if (state.IsEnding)
        {
            return Concurrent();
        }

        var begins = state.Status != TransactionStatus.Ongoing;
        PartitionKey[] newPartitions = [.. partitions.Where(partition => !state.Partitions.Contains(partition)).Distinct()];
        GroupId[] newGroups = [.. groups.Where(group => !state.Groups.Contains(group)).Distinct()];
        if (state.Partitions.Count + newPartitions.Length > Limits.PartitionsPerTransaction || state.Groups.Count + newGroups.Length > Limits.GroupsPerTransaction)
        {
            return TransactionStep.Refuse(
                ErrorCode.PolicyViolation,
                $"A transaction has at most {Limits.PartitionsPerTransaction} partitions and {Limits.GroupsPerTransaction} groups.");
        }

        return newPartitions.Length == 0 && newGroups.Length == 0 ? TransactionStep.Accept(producer)
            : begins ? TransactionStep.Accept(producer, new TransactionRecord.Begun(now), new TransactionRecord.Added(newPartitions, newGroups))
            : TransactionStep.Accept(producer, new TransactionRecord.Added(newPartitions, newGroups));
    }

    /// <summary>Whether partitions and groups are part of the open transaction.</summary>
    public static TransactionStep Verify(
        TransactionState state, ProducerIdentity producer, IReadOnlyCollection<PartitionKey> partitions, IReadOnlyCollection<GroupId> groups) =>
        Identify(state, producer) is { } refusal ? refusal
        : state.IsEnding ? Concurrent()
        : state.Status == TransactionStatus.Ongoing && partitions.All(state.Partitions.Contains) && groups.All(state.Groups.Contains)
            ? TransactionStep.Accept(producer)
        : TransactionStep.Refuse(ErrorCode.InvalidTxnState, "Not all of them are part of an open transaction.");

    /// <summary>Decides the outcome of the open transaction, or repeats the answer.</summary>
    /// <param name="state">The id.</param>
    /// <param name="producer">The identity that the caller has.</param>
    /// <param name="commits">Whether to commit.</param>
    /// <param name="version">The dialect of the caller: a transaction may end in another one than it began, as in Kafka.</param>
    /// <param name="now">The time.</param>
    /// <param name="newId">A producer id that no producer has had; null if it is fetched only when needed.</param>
    public static TransactionStep End(
        TransactionState state, ProducerIdentity producer, bool commits, TransactionVersion version, Timestamp now, long? newId)
    {
        var raises = version == TransactionVersion.V2;
        if (raises && state.Exists && producer == state.Previous && state.RaisesEpoch && (state.IsEnding || IsComplete(state)))
        {
            return state.IsForced && commits ? TransactionStep.Refuse(ErrorCode.ProducerFenced, "The coordinator has aborted the transaction.")
                : Again(state, commits);
        }

        if (Identify(state, producer) is { } refusal)
        {
            return refusal;
        }

        if (state.IsEnding)
        {
            return raises && state.RaisesEpoch ? Concurrent() : Again(state, commits);
        }

        if (state.Status == TransactionStatus.Ongoing)
        {
            return Decide(completes: false);
        }

        // Nothing is open. The first dialect cannot tell this from a repetition.
        return !raises ? IsComplete(state) ? Again(state, commits) : NothingOpen()
            : commits ? NothingOpen()
            : Decide(completes: true);

        TransactionStep Decide(bool completes)
        {
            if (raises && producer.Epoch >= LastEpoch && newId is null)
            {
                return TransactionStep.WithProducerId;
            }

            var next = !raises ? producer
                : producer.Epoch < LastEpoch ? producer with { Epoch = (short)(producer.Epoch + 1) }
                : new ProducerIdentity(newId!.Value, 0);
            var prepared = new TransactionRecord.Prepared(now, commits, raises, IsForced: false, next);
            return completes ? TransactionStep.Accept(next, prepared, new TransactionRecord.Completed(now)) : TransactionStep.Accept(next, prepared);
        }
    }

    /// <summary>Aborts the open transaction on behalf of an operator.</summary>
    public static TransactionStep Abort(TransactionState state, Timestamp now) =>
        !state.Exists ? TransactionStep.Refuse(ErrorCode.TransactionalIdNotFound, "The transactional id is not in use.")
        : state.Status == TransactionStatus.PrepareCommit ? TransactionStep.Refuse(ErrorCode.InvalidTxnState, "The transaction commits already.")
        : state.Status != TransactionStatus.Ongoing ? TransactionStep.Accept(ProducerIdentity.None)
        : TransactionStep.Accept(ProducerIdentity.None, ForcedAbort(state, now));

    /// <summary>Aborts the open transaction if it is over its time.</summary>
    public static TransactionStep TimeOut(TransactionState state, Timestamp now) =>
        state.TimesOutAt is { } end && end <= now ? TransactionStep.Accept(ProducerIdentity.None, ForcedAbort(state, now))
        : TransactionStep.Accept(ProducerIdentity.None);

    /// <summary>Whether the id has not been used for so long that it is forgotten.</summary>
    public static bool IsExpired(TransactionState state, TimeSpan expiration, Timestamp now) =>
        state.Exists && state.Status != TransactionStatus.Ongoing && !state.IsEnding
        && now.Milliseconds - state.ChangedAt.Milliseconds >= (long)expiration.TotalMilliseconds;

    private static bool IsComplete(TransactionState state) => state.Status is TransactionStatus.CompleteCommit or TransactionStatus.CompleteAbort;

    private static TransactionRecord.Prepared ForcedAbort(TransactionState state, Timestamp now) => new(
        now, Commits: false, RaisesEpoch: true, IsForced: true, state.Producer with { Epoch = (short)(state.Producer.Epoch + 1) });

    private static TransactionStep? Identify(TransactionState state, ProducerIdentity producer) =>
        !state.Exists || state.Producer.Id != producer.Id
            ? TransactionStep.Refuse(ErrorCode.InvalidProducerIdMapping, "The transactional id has another producer id.")
        : state.Producer.Epoch != producer.Epoch ? TransactionStep.Refuse(ErrorCode.ProducerFenced, "The producer's epoch is not the present one.")
        : null;

    private static TransactionStep Again(TransactionState state, bool commits) =>
        commits != state.Commits ? TransactionStep.Refuse(ErrorCode.InvalidTxnState, "The transaction has the other outcome.")
        : state.IsEnding ? Concurrent()
        : TransactionStep.Accept(state.Producer);

    private static TransactionStep Concurrent() =>
        TransactionStep.Refuse(ErrorCode.ConcurrentTransactions, "The end of the transaction is being completed.");

    private static TransactionStep NothingOpen() => TransactionStep.Refuse(ErrorCode.InvalidTxnState, "No transaction is open.");
}
