using Loire.Grains.Partitions;
using Loire.Model;
using Microsoft.Extensions.Options;

namespace Loire.Grains.Hosting;

/// <summary>Rejects invalid options before the silo starts.</summary>
internal sealed class LoireGrainsOptionsValidator : IValidateOptions<LoireGrainsOptions>
{
    public ValidateOptionsResult Validate(string? name, LoireGrainsOptions options)
    {
        string?[] problems =
        [
            options.CacheBytes < 0 ? $"{nameof(options.CacheBytes)} must not be negative." : null,
            options.AppendBytes < 1 ? $"{nameof(options.AppendBytes)} must be at least 1." : null,
            options.ReadBytes < 1 ? $"{nameof(options.ReadBytes)} must be at least 1." : null,
            options.OpenPartitions < 1 ? $"{nameof(options.OpenPartitions)} must be at least 1." : null,
            options.PartitionLog.Problem() is { } log ? $"{nameof(options.PartitionLog)}: {log}" : null,
            options.Journal.Problem() is { } journal ? $"{nameof(options.Journal)}: {journal}" : null,
            options.RoomWait < TimeSpan.Zero || options.RoomWait > TimeSpan.FromSeconds(25)
                ? $"{nameof(options.RoomWait)} must lie between 0 and 25 seconds." : null,
            options.MaxStaleness < TimeSpan.FromMilliseconds(20) || options.MaxStaleness > TimeSpan.FromMinutes(10)
                ? $"{nameof(options.MaxStaleness)} must lie between 20 milliseconds and 10 minutes." : null,
            options.DefaultPartitions is < 1 or > Limits.PartitionsPerTopic
                ? $"{nameof(options.DefaultPartitions)} must lie between 1 and {Limits.PartitionsPerTopic}."
                : null,
            options.TopicParallelism is < 1 or > 1_000 ? $"{nameof(options.TopicParallelism)} must lie between 1 and 1000." : null,
            options.SettleInterval < TimeSpan.FromSeconds(1) ? $"{nameof(options.SettleInterval)} must be at least a second." : null,
            options.StoreSweepInterval < TimeSpan.FromMinutes(1) || options.StoreSweepInterval > TimeSpan.FromDays(30)
                ? $"{nameof(options.StoreSweepInterval)} must lie between a minute and 30 days." : null,
            options.CompactionCheckInterval < TimeSpan.FromMilliseconds(1) || options.CompactionCheckInterval > TimeSpan.FromDays(30)
                ? $"{nameof(options.CompactionCheckInterval)} must lie between a millisecond and 30 days." : null,
            options.CompactionMemoryBytes < 1024 * 1024 ? $"{nameof(options.CompactionMemoryBytes)} must be at least a MiB." : null,
            options.KeyIndexBytes < 1024 * 1024 ? $"{nameof(options.KeyIndexBytes)} must be at least a MiB." : null,
            options.ProducerExpiration < TimeSpan.FromMilliseconds(1) ? $"{nameof(options.ProducerExpiration)} must be at least a millisecond." : null,
            options.CompactionBytesPerSecond < CompactionBudget.MinBytesPerSecond
                ? $"{nameof(options.CompactionBytesPerSecond)} must be at least {CompactionBudget.MinBytesPerSecond}." : null,
            options.RetentionCheckInterval < TimeSpan.FromMilliseconds(1) || options.RetentionCheckInterval > TimeSpan.FromDays(30)
                ? $"{nameof(options.RetentionCheckInterval)} must lie between a millisecond and 30 days." : null,
            options.Groups.Problem() is { } groups ? $"{nameof(options.Groups)}: {groups}" : null,
            options.Transactions.Problem() is { } transactions ? $"{nameof(options.Transactions)}: {transactions}" : null,
        ];
        var found = problems.OfType<string>().ToArray();
        return found.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(found);
    }
}
