using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Groups;

/// <content>
/// Offsets that are committed with transactions. Those pend in the journal until the coordinator tells how the transaction ended, which it does until it is
/// answered. An end is journaled in any case, also if nothing pends here: an activation that was superseded and has the transaction verified can store
/// nothing after that record. Only a group that does not exist is not created for it. What such an activation may then still leave is forgotten at the
/// next end of the producer's transactions, or by the sweep.
/// </content>
public sealed partial class GroupDriver
{
    // Longer than a transaction may stay open, and its end takes to be told.
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromHours(1);

    /// <summary>Stores offsets that count once their transaction commits; they are durable when the task completes.</summary>
    public async Task<CommitResult> CommitInTransactionAsync(TransactionalCommitRequest request)
    {
        if (GroupRequests.Problem(request) is { } problem)
        {
            return Failure(ErrorCode.InvalidRequest, problem);
        }

        var error = await ReadyAsync();
        if (error == ErrorCode.None && !await _features.AreTransactionsAllowed())
        {
            error = ErrorCode.UnsupportedVersion;
        }

        if (error != ErrorCode.None)
        {
            DropIfAbsent();
            return Failure(error, null);
        }

        var verification = _transactions.Verify(request);
        var answer = await verification.Answer;
        if (answer.Error != ErrorCode.None)
        {
            DropIfAbsent();
            return Failure(Told(answer.Error, request.Version), answer.Detail);
        }

        if (request.Commit.MemberEpoch >= 0 && !_journal.HasRecords)
        {
            error = await NewestAsync();
            DropIfAbsent();
            return Failure(error == ErrorCode.None ? ErrorCode.IllegalGeneration : error, null);
        }

        if (_closed != ErrorCode.None)
        {
            return Failure(_closed, null);
        }

        var transaction = new OpenTransaction(request.Transaction, request.Producer, answer.Transaction);
        return await CreatingAsync(() => PendAsync(request.Commit, transaction, verification), error => Failure(error, null));
    }

    /// <summary>Ends a transaction; nothing of it is pending any more, durably, when the task completes.</summary>
    public async Task<ErrorCode> EndTransactionAsync(TransactionMarker marker)
    {
        if (marker is null || marker.Producer is not { Id: >= 0, Epoch: >= 0 } || marker.Number < 0)
        {
            return ErrorCode.InvalidRequest;
        }

        var error = await ReadyAsync();
        error = error == ErrorCode.None && !_journal.HasRecords ? await NewestAsync() : error;
        if (error == ErrorCode.None && !await _features.AreTransactionsAllowed())
        {
            error = ErrorCode.UnsupportedVersion;
        }

        error = _closed != ErrorCode.None ? _closed : error;
        if (error != ErrorCode.None)
        {
            DropIfAbsent();
            return error;
        }

        // There is no await from here until the record is in the journal.
        _transactions.Cancel(marker.Producer.Id);
        if (!_journal.HasRecords)
        {
            DropIfAbsent();
            return ErrorCode.None;
        }

        var ended = new OffsetsRecord.Ended(Date, new TransactionEnd(marker.Producer, marker.RaisesEpoch, marker.Commits, marker.Number));
        var committed = Stored.CommittedBy(ended);
        error = await AppendAsync([], ended);
        if (error == ErrorCode.None && committed.Count > 0)
        {
            _mirror.Committed(committed);
            _options.Metrics.Committed(committed.Count);
        }

        Arm();
        return error;
    }

    private async Task<CommitResult> PendAsync(CommitRequest request, OpenTransaction transaction, OpenTransactions.Verification verification)
    {
        if (_journal.PendingBytes > PendingBytesMax)
        {
            return Failure(ErrorCode.ThrottlingQuotaExceeded, "Too many commits of this group wait for storage.");
        }

        // There is no await from here until the records are in the journal.
        if (verification.IsCancelled)
        {
            return Failure(ErrorCode.ConcurrentTransactions, "Meanwhile the group was told that a transaction of the producer has ended.");
        }

        var (fenced, allowed) = State.Classic.Exists ? CheckClassicCommitter(request, isTransactional: true) : CheckCommitter(
            request, partition => Machine.CheckTransactionalCommit(request.MemberId, request.MemberEpoch, partition));
        if (allowed.Count == 0 && fenced.Count > 0)
        {
            return Failure(fenced[0].Error, null);
        }

        var decision = OffsetsRules.Pend(Stored, transaction, allowed, Date);
        var error = await AppendAsync([], decision.Record);
        Arm();
        return error != ErrorCode.None ? Failure(error, null)
            : decision.Error != ErrorCode.None ? Failure(decision.Error, decision.Detail)
            : new CommitResult(ErrorCode.None, [.. fenced, .. decision.Refused], null);
    }

    /// <summary>Forgets what pends of transactions of whose end the coordinator has told this group, or an earlier one of its name.</summary>
    private async Task ForgetLeftoversAsync()
    {
        var before = new Timestamp(Date.Milliseconds - (long)LeftoverAge.TotalMilliseconds);
        foreach (var transaction in Stored.Pending.StoredBefore(before).ToArray())
        {
            var described = await _peers.DescribeTransaction(transaction.Id);
            var isOver = described.Error == ErrorCode.TransactionalIdNotFound
                || (described.Error == ErrorCode.None && !described.Transaction!.Groups.Contains(_groupId));
            if (isOver && _closed == ErrorCode.None && Stored.Pending.StoredBefore(before).Contains(transaction))
            {
                FoundLeftover(_groupId, transaction.Id, transaction.Number);
                await AppendAsync([], new OffsetsRecord.Ended(Date, new TransactionEnd(transaction.Producer, false, false, transaction.Number)));
            }
        }
    }

    // As Kafka's group coordinator tells them to the producer.
    private static ErrorCode Told(ErrorCode error, TransactionVersion version) => error switch
    {
        ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
        ErrorCode.InvalidTxnState when version == TransactionVersion.V2 => ErrorCode.TransactionAbortable,
        _ => error,
    };
}
