using Loire.Client;
using Loire.Model;

namespace Loire.Samples.Accounts;

public sealed record Payment(string From, string To, long Cents);

/// <summary>
/// Passes each payment to the two accounts that it concerns. A list is finished, and may be committed, when all of its accounts have stored it:
/// the group's position is never ahead of an account's. After a crash lists come again, and the accounts know what they have applied.
/// </summary>
public sealed class PaymentConsumer(LoireClient loire, IGrainFactory grains, IConfiguration configuration, ILogger<PaymentConsumer> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // One for the life of the process: a second one would take the name back from a process that has replaced this one.
        await using var consumer = loire.CreateConsumer(new ConsumerOptions<string, Payment>
        {
            GroupId = configuration["group"] ?? "accounts",

            // A process that is started again under its name has its partitions back at once, and shuts out the one that had the name.
            GroupInstanceId = configuration["instance"] ?? "first",
            AutoOffsetReset = OffsetSpec.Earliest,
            MaxPollRecords = 100,
            ValueDeserializer = new JsonSerde<Payment>(),
        });
        await TryUntilDoneAsync(() => CreateTopicAsync(stoppingToken), stoppingToken);
        await consumer.SubscribeAsync(["payments"], cancellation: stoppingToken);
        await TryUntilDoneAsync(
            async () =>
            {
                await foreach (var records in consumer.ConsumeBatchesAsync(stoppingToken))
                {
                    // The next list would leave a gap, which no account would notice.
                    await TryUntilDoneAsync(() => ApplyAsync(records), stoppingToken);
                }
            },
            stoppingToken);
    }

    private async Task ApplyAsync(IReadOnlyList<ConsumeResult<string, Payment>> records)
    {
        var partition = records[0].TopicPartition.ToString();
        var added = await Task.WhenAll(records
            .SelectMany(record => new[]
            {
                (Account: record.Value!.From, Entry: new Entry(record.Offset.Value, -record.Value.Cents)),
                (Account: record.Value.To, Entry: new Entry(record.Offset.Value, record.Value.Cents)),
            })
            .GroupBy(one => one.Account, one => one.Entry)
            .Select(account => grains.GetGrain<IAccountGrain>(account.Key).ApplyAsync(partition, [.. account])));
        logger.LogInformation(
            "{Partition} is applied up to {Next}, {New} of {Count} entries were new", partition, records[^1].Offset + 1, added.Sum(), 2 * records.Count);
    }

    private async Task TryUntilDoneAsync(Func<Task> work, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception problem) when (problem is not LoireException { IsFatal: true } && !stopping.IsCancellationRequested)
            {
                logger.LogWarning(problem, "Another attempt follows in a second");
                await Task.Delay(TimeSpan.FromSeconds(1), stopping);
            }
        }
    }

    private async Task CreateTopicAsync(CancellationToken cancellation)
    {
        try
        {
            await loire.Admin.CreateTopicAsync(new NewTopic("payments", PartitionsCount: 4), cancellation: cancellation);
        }
        catch (LoireException exists) when (exists.Code == ErrorCode.TopicAlreadyExists)
        {
            // From an earlier start, or another process.
        }
    }
}
