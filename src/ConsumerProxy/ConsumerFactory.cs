using System.Diagnostics.Metrics;
using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.ConsumerProxy;

/// <summary>Creates the consumers of a silo. One per silo.</summary>
/// <param name="grains">The silo's grains.</param>
/// <param name="newLife">Creates a short text that was never used before.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Where to log.</param>
/// <param name="meters">The silo's meters.</param>
public sealed class ConsumerFactory(
    IGrainFactory grains, Func<string> newLife, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters)
{
    // Many consumers share a silo's memory, so each buffers less than a consumer in a process of its own.
    private const int FetchBytes = 256 * 1024;

    private readonly LoireClient _client = new(grains, time, loggers, meters);
    private readonly ILogger _logger = loggers.CreateLogger("Loire.ConsumerProxy");

    /// <summary>Creates a consumer, which reads nothing yet.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal ProxiedConsumer Create(ConsumerKey key, ConsumerSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.FetchMinBytes, 1, nameof(ConsumerSettings.FetchMinBytes));
        var text = SettingsText.Write(settings);
        if (text.Length > Limits.MemberUserDataLength)
        {
            throw new ArgumentException($"The settings of a consumer have at most {Limits.MemberUserDataLength} characters as JSON.");
        }

        if (settings.ClientId.Length > Limits.ClientNameLength || settings.Host.Length > Limits.ClientNameLength)
        {
            throw new ArgumentException($"A client id and a host have at most {Limits.ClientNameLength} characters.");
        }

        var life = newLife();
        var consumer = _client.CreateUntypedConsumer(new ConsumerOptions
        {
            GroupId = key.GroupId,
            GroupInstanceId = settings.InstanceId,
            MemberId = key.ConsumerId,
            // A consumer may be activated twice for a while.
            Incarnation = life,
            ClientId = settings.ClientId,
            Host = settings.Host,
            UserData = text,
            AutoOffsetReset = settings.OffsetReset,
            IsolationLevel = settings.Isolation ?? IsolationLevel.ReadCommitted,
            // Only the proxied consumer knows what is finished.
            EnableAutoCommit = false,
            SessionTimeout = settings.SessionTimeout,
            MaxPollInterval = settings.MaxPollInterval,
            PartitionAssignmentStrategy = settings.Assignors,
            // An answer waits for the least bytes, over all partitions and for as long as its request says.
            FetchMinBytes = 1,
            MaxPartitionFetchBytes = FetchBytes,
            MaxBufferedBytesPerPartition = 2 * FetchBytes,
        });
        return new ProxiedConsumer(settings, consumer, life, time, _logger);
    }
}
