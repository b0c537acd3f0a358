using System.Diagnostics.Metrics;
using Loire.Edge.Calls;
using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client;

/// <summary>
/// The entry point to a cluster: creates producers, consumers and the admin client over the grains. One instance serves a whole process. It
/// owns no connection, which belongs to Orleans' cluster client or to the silo whose grain factory it uses.
/// </summary>
public sealed class LoireClient
{
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly Random _random;
    private readonly BackgroundWork _background;
    private readonly TopicCache _topics;
    private readonly BrokerFetches _fetches;

    /// <param name="grains">The grains of the cluster: an <see cref="IClusterClient"/>, or the grain factory of a silo.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="loggers">Creates loggers; no logging by default.</param>
    /// <param name="meters">The host's meters; the process's own by default.</param>
    public LoireClient(
        IGrainFactory grains, TimeProvider? time = null, ILoggerFactory? loggers = null, IMeterFactory? meters = null)
        : this(grains, time ?? TimeProvider.System, loggers ?? NullLoggerFactory.Instance, Random.Shared, new BackgroundWork(), meters)
    {
    }

    /// <summary>Like the public constructor, with additional dependencies that hosts and tests choose.</summary>
    internal LoireClient(
        IGrainFactory grains, TimeProvider time, ILoggerFactory loggers, Random random, BackgroundWork background,
        IMeterFactory? meters = null, TransferWindows? transfers = null)
    {
        ArgumentNullException.ThrowIfNull(grains);
        _grains = grains;
        _time = time;
        _loggers = loggers;
        _random = random;
        _background = background;
        _topics = new TopicCache(grains, time, background, transfers: transfers);
        _fetches = new BrokerFetches(grains, time, background);
        Metrics = meters is null ? ClientMetrics.OfProcess : new ClientMetrics(meters);
        Admin = new AdminClient(grains);
    }

    /// <summary>Creates, describes, changes and deletes topics.</summary>
    public IAdminClient Admin { get; }

    internal ClientMetrics Metrics { get; }

    /// <summary>Creates a producer; disposing it flushes it.</summary>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    /// <param name="options">How it batches, waits and retries; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">A type has no built-in serializer, and none was given.</exception>
    public IProducer<TKey, TValue> CreateProducer<TKey, TValue>(ProducerOptions<TKey, TValue>? options = null) =>
        new Producer<TKey, TValue>(
            _topics,
            _grains,
            options ?? new ProducerOptions<TKey, TValue>(),
            _time,
            Metrics,
            _loggers.CreateLogger("Loire.Client.Producer"),
            _background,
            new Random(_random.Next()));

    /// <summary>Creates a consumer, which reads nothing until it subscribes or is assigned partitions.</summary>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    /// <param name="options">How it fetches and joins its group; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">A type has no built-in deserializer, and none was given.</exception>
    public IConsumer<TKey, TValue> CreateConsumer<TKey, TValue>(ConsumerOptions<TKey, TValue>? options = null) =>
        new Consumer<TKey, TValue>(
            options ?? new ConsumerOptions<TKey, TValue>(),
            _grains,
            _topics,
            _fetches,
            _time,
            _background,
            new Random(_random.Next()),
            Metrics,
            _loggers.CreateLogger("Loire.Client.Consumer"));

    /// <summary>Creates a consumer that delivers records as bytes.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal UntypedConsumer CreateUntypedConsumer(ConsumerOptions options) =>
        new(options, _grains, _topics, _fetches, _time, _background, new Random(_random.Next()), Metrics, _loggers.CreateLogger("Loire.Client.Consumer"));
}
