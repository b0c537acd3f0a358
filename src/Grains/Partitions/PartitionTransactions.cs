using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.Grains.Partitions;

/// <summary>
/// The transactions of one partition: asks the coordinator before a producer's first batch of each, and ends them. A record of a transaction never follows
/// its marker: a check holds until a marker arrives that may end the transaction (<see cref="TransactionCheck"/>).
/// </summary>
/// <param name="key">The partition.</param>
/// <param name="log">The log.</param>
/// <param name="machine">The partition's machine.</param>
/// <param name="producers">Knows the producers.</param>
/// <param name="open">Opens the partition.</param>
/// <param name="lead">Takes the lead.</param>
/// <param name="options">Asks coordinators.</param>
/// <param name="time">The clock.</param>
internal sealed class PartitionTransactions(
    PartitionKey key, PartitionLog log, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionProducers producers, Func<ValueTask<ErrorCode>> open,
    Func<ValueTask<ErrorCode>> lead, PartitionDriverOptions options, TimeProvider time)
{
    // A check that a marker has cancelled is made again; the coordinator then refuses what has ended.
    private const int Attempts = 3;

    /// <summary>Whether an append continues a transaction that is open, as far as the header of its first batch tells.</summary>
    public bool IsOpen(ReadOnlySpan<byte> batches) =>
        producers.AreKnown && RecordBatch.TryRead(batches, out var batch) == ErrorCode.None && machine.Producers.IsOpen(batch.ProducerId, batch.ProducerEpoch);

    /// <summary>Asks the coordinator whether the partition belongs to a producer's transaction, unless that is known.</summary>
    /// <returns>The check, which the caller ends (<see cref="ProducerTable.End"/>) and which is null if none is needed; errors of the coordinator, of which
    /// <see cref="ErrorCode.ProducerFenced"/> is told as <see cref="ErrorCode.InvalidProducerEpoch"/>.</returns>
    public async ValueTask<(ErrorCode Error, string? Detail, TransactionCheck? Check)> CheckAsync(AppendRequest request)
    {
        var (error, detail) = await ReadyAsync();
        if (error != ErrorCode.None)
        {
            return (error, detail, null);
        }

        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (ProducerOf(request.Batches.First) is not { } producer || machine.Producers.IsOpen(producer.Id, producer.Epoch))
            {
                return (ErrorCode.None, null, null);
            }

            if (options.Enlist is not { } enlist || !await (options.TransactionsAllowed?.Invoke() ?? new(true)))
            {
                return (ErrorCode.UnsupportedForMessageFormat, "Transactions need feature level 4 of the cluster.", null);
            }

            var check = machine.Producers.BeginCheck(producer.Id, producer.Epoch);
            var mode = request.Version == TransactionVersion.V1 ? EnlistMode.Verify : EnlistMode.AddByWrite;
            var answer = await enlist(request.Transaction!.Value, new EnlistRequest(producer, mode, [key], []));
            if (answer.Error == ErrorCode.None)
            {
                check.Confirm(answer.Transaction);
            }

            if (answer.Error == ErrorCode.None && !check.IsCancelled)
            {
                return (ErrorCode.None, null, check);
            }

            machine.Producers.End(check);
            if (answer.Error != ErrorCode.None)
            {
                return (answer.Error == ErrorCode.ProducerFenced ? ErrorCode.InvalidProducerEpoch : answer.Error, answer.Detail, null);
            }
        }

        return (ErrorCode.ConcurrentTransactions, "The producer's transactions end faster than this append could be checked.", null);
    }

    /// <summary>Ends a transaction, unless it has ended.</summary>
    /// <returns><see cref="ErrorCode.None"/> once its end is durable.</returns>
    public async Task<ErrorCode> EndAsync(TransactionMarker marker)
    {
        var (error, _) = await ReadyAsync();
        var order = new MarkerToWrite(
            new EndMarker(marker.Producer.Id, marker.Producer.Epoch, marker.Commits), marker.RaisesEpoch, marker.Number);
        while (error == ErrorCode.None)
        {
            var verdict = machine.Producers.Judge(order);
            if (verdict.Step != MarkerStep.Ask)
            {
                var reply = new AppendReply();
                return verdict.Step == MarkerStep.Append ? await AppendAsync(order)
                    : machine.Confirm(verdict.Next, reply) ? (await reply.Result).Error
                    : ErrorCode.None;
            }

            var asked = new EnlistRequest(marker.Producer, EnlistMode.Verify, [key], []);
            var answer = await (options.Enlist?.Invoke(marker.Id, asked) ?? new(new EnlistResult(ErrorCode.CoordinatorNotAvailable, 0, null)));
            if (answer.Transaction > 0)
            {
                machine.Producers.SetNumber(marker.Producer.Id, answer.Transaction);
            }
            else
            {
                error = answer.Error == ErrorCode.None ? ErrorCode.CoordinatorNotAvailable : answer.Error;
            }
        }

        return error;
    }

    /// <summary>Aborts a transaction of which no coordinator knows, unless its producer has written since that was found out.</summary>
    /// <returns><see cref="ErrorCode.None"/> once that is durable; <see cref="ErrorCode.InvalidTxnState"/> if it is not open as the request says.</returns>
    public async Task<ErrorCode> AbortHangingAsync(AbortHangingRequest request)
    {
        var (error, _) = await ReadyAsync();
        var producer = request.Producer;
        return error != ErrorCode.None ? error
            : !machine.Producers.IsOpen(producer.Id, producer.Epoch, request.TransactionStart, request.LastSequence) ? ErrorCode.InvalidTxnState

            // In the transaction's epoch, as Kafka does: the producer, which is fenced or gone, keeps its epoch at the coordinator.
            : await AppendAsync(new MarkerToWrite(new EndMarker(producer.Id, producer.Epoch, Commits: false), RaisesEpoch: false, Number: 0));
    }

    private async ValueTask<(ErrorCode Error, string? Detail)> ReadyAsync()
    {
        var error = await open();
        error = error == ErrorCode.None ? await lead() : error;
        return error != ErrorCode.None || producers.AreKnown ? (error, null) : await producers.LearnAsync();
    }

    private async ValueTask<ErrorCode> AppendAsync(MarkerToWrite order)
    {
        var now = Timestamp.From(time.GetUtcNow());
        var marker = order.Marker;
        var batch = EndMarkerBatch.Build(new ProducerIdentity(marker.Producer, marker.Epoch), marker.Commits, now);
        var pending = log.Append([new BatchToAppend(batch, 1, now)]);
        if (pending.Committed is { IsCompletedSuccessfully: true, Result: not ErrorCode.None and var refused })
        {
            return refused;
        }

        producers.Appended(order, pending.BaseOffset, batch.Length, now);
        var reply = new AppendReply();
        machine.Append(pending.BaseOffset, pending.LastOffset + 1, batch.Length, Acks.All, reply);
        return (await reply.Result).Error;
    }

    private static ProducerIdentity? ProducerOf(ReadOnlySpan<byte> batches) =>
        RecordBatch.TryRead(batches, out var batch) == ErrorCode.None && batch is { IsTransactional: true, IsControl: false, ProducerId: >= 0 }
            ? new ProducerIdentity(batch.ProducerId, batch.ProducerEpoch)
            : null;
}
