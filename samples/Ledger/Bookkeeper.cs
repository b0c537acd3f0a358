using Loire.Client;
using Loire.Model;

namespace Loire.Samples.Ledger;

/// <summary>Books while the service runs.</summary>
public sealed class Bookkeeper(LoireClient loire, LedgerDatabase ledger, IConfiguration configuration, ILogger<Bookkeeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // One for the life of the process: a second one would take the name back from a process that has replaced this one.
        await using var consumer = loire.CreateConsumer(new ConsumerOptions<string, Payment>
        {
            GroupId = configuration["group"] ?? "bookkeeping",

            // A process that is started again under its name has its partitions back at once, and shuts out the one that had the name.
            GroupInstanceId = configuration["instance"] ?? "first",
            AutoOffsetReset = OffsetSpec.Earliest,
            MaxPollRecords = 100,
            ValueDeserializer = new JsonSerde<Payment>(),
        });
        var booking = new Booking(consumer, ledger, logger);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ledger.CreateTablesAsync(stoppingToken);
                await CreateTopicAsync(stoppingToken);
                await booking.RunAsync(stoppingToken);
            }
            catch (Exception problem) when (problem is not LoireException { IsFatal: true } && !stoppingToken.IsCancellationRequested)
            {
                // A commit that was not answered may have succeeded: the next attempt begins where the database says.
                logger.LogWarning(problem, "Another attempt follows in a second");
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
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
