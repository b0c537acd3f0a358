using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Client.Tests.Transactions;

/// <summary>How a producer of transfers has ended.</summary>
internal enum ProducerEnd
{
    /// <summary>The run is over.</summary>
    Done,

    /// <summary>It can have no further transaction.</summary>
    Failed,

    /// <summary>It is gone, with a transaction open.</summary>
    Abandoned,

    /// <summary>It stands still with a transaction open, and will go on (<see cref="BankProducer.GoOnAsync"/>).</summary>
    StandingStill,
}

/// <summary>One life of a producer with a transactional id, which makes transfers and tells what became of them.</summary>
internal sealed class BankProducer(IProducer<string?, string> producer, string name, TopicDescription topic, Transfers transfers, Random random)
{
    private readonly TaskCompletionSource _hasBegun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Transfer> _open = [];
    private ITransaction<string?, string>? _transaction;
    private int _made;

    /// <summary>Completes when its first transaction has begun: every producer before it with the id is fenced.</summary>
    public Task HasBegun => _hasBegun.Task;

    /// <summary>Makes one transaction after the other.</summary>
    public async Task<ProducerEnd> RunAsync(Func<bool> isEnding)
    {
        while (!isEnding())
        {
            try
            {
                _transaction = await producer.BeginTransactionAsync();
            }
            catch (LoireException failure)
            {
                transfers.Count($"transactions not begun: {failure.Code}");
                return ProducerEnd.Failed;
            }

            _hasBegun.TrySetResult();
            _open.Clear();
            var choice = await WriteAsync(random.Next(1, 4)) ? random.Next(25) : 4;
            switch (choice)
            {
                case 0:
                    return ProducerEnd.Abandoned;
                case 1:
                    return ProducerEnd.StandingStill;
                case < 4:
                    await AbortAsync();
                    break;
                case > 4:
                    await CommitAsync();
                    break;
            }

            // With 4, it is only left.
            await _transaction.DisposeAsync();
        }

        return ProducerEnd.Done;
    }

    /// <summary>Goes on after it stood still, when another producer with the id is at work or soon will be.</summary>
    public async Task GoOnAsync(Task successor)
    {
        await Task.WhenAny(successor, Task.Delay(random.Next(3_000)));
        var isFenced = successor.IsCompletedSuccessfully;
        var hasWritten = await WriteAsync(1);
        var isFencedAtCommit = successor.IsCompletedSuccessfully;
        var outcome = await CommitAsync();
        await _transaction!.DisposeAsync();
        await producer.DisposeAsync();
        transfers.Count(isFencedAtCommit ? "zombies" : "producers that were only late");
        if ((isFenced && hasWritten) || (isFencedAtCommit && outcome == Outcome.Committed))
        {
            transfers.Problems.Enqueue($"the zombie {name} has written ({hasWritten}) and ended as {outcome} after its successor had begun");
        }
    }

    private async Task<bool> WriteAsync(int count)
    {
        try
        {
            for (; count > 0; count--)
            {
                var from = random.Next(topic.PartitionsCount);
                var to = (from + random.Next(1, topic.PartitionsCount)) % topic.PartitionsCount;
                var transfer = new Transfer(name, _made++, from, to, random.Next(1, 1_000));
                transfers.Begin(transfer);
                _open.Add(transfer);
                var isWaiting = count == 1 || random.Next(2) == 0;
                await WriteAsync(transfer.From, transfer.Taken, isWaiting: false);
                await WriteAsync(transfer.To, transfer.Given, isWaiting);
            }

            return true;
        }
        catch (LoireException failure)
        {
            transfers.Count($"records refused: {failure.Code}");
            return false;
        }
    }

    private async ValueTask WriteAsync(int partition, string value, bool isWaiting)
    {
        var (target, message) = (new TopicPartition(topic.Name, partition), new Message<string?, string> { Value = value });
        if (isWaiting)
        {
            await _transaction!.ProduceAsync(target, message);
        }
        else
        {
            await _transaction!.EnqueueAsync(target, message);
        }
    }

    private async Task AbortAsync()
    {
        try
        {
            await _transaction!.AbortAsync();
            transfers.Count("transactions aborted");
        }
        catch (TransactionException failure)
        {
            transfers.Count($"aborts that failed: {failure.Code}");
        }
    }

    private async Task<Outcome> CommitAsync()
    {
        var outcome = default(Outcome?);
        for (var attempt = 0; outcome is null; attempt++)
        {
            try
            {
                await _transaction!.CommitAsync();
                outcome = Outcome.Committed;
            }
            catch (TransactionException failure)
            {
                transfers.Count($"commits that failed: {failure.Code}{(failure.IsOutcomeUnknown ? ", outcome unknown" : "")}");
                outcome = !failure.IsOutcomeUnknown ? Outcome.NotCommitted
                    : failure.IsFatal || attempt == 1 || random.Next(2) == 0 ? Outcome.Unknown
                    : null;
            }
        }

        _open.ForEach(transfer => transfers.End(transfer, outcome.Value));
        return outcome.Value;
    }
}
