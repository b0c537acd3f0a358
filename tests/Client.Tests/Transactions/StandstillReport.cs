using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;

namespace Loire.Client.Tests.Transactions;

/// <summary>Says of a run that does not go on what its coordinators and partitions know, and which of them does not answer.</summary>
internal static class StandstillReport
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task WriteAsync(IGrainFactory grains, TopicDescription topic, IEnumerable<string> ids, Action<string> log)
    {
        foreach (var id in ids)
        {
            await SayAsync($"transactional id {id}", async () => await grains.GetGrain<ITransactionGrain>(id).Describe() switch
            {
                { Transaction: { } transaction } => $"{transaction}, not told: {string.Join(", ", transaction.Partitions)}",
                var refused => refused.Error.ToString(),
            });
        }

        for (var partition = 0; partition < topic.PartitionsCount; partition++)
        {
            var grain = SettledLog.PartitionOf(grains, topic, partition);
            await SayAsync($"partition {partition}", async () => $"{await grain.Offsets()}");
            await SayAsync(
                $"open in partition {partition}",
                async () => string.Join("; ", (await grain.Producers()).Producers.Where(producer => producer.TransactionStart != Offset.None)));
        }

        async Task SayAsync(string what, Func<Task<string>> ask)
        {
            string answer;
            try
            {
                answer = await ask().WaitAsync(Patience);
            }
            catch (Exception failure)
            {
                answer = $"{failure.GetType().Name}: {failure.Message}";
            }

            log($"{what}: {answer}");
        }
    }
}
