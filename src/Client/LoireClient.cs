using System.Diagnostics.Metrics;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client;

/// <summary>
/// The way into a cluster: makes producers, consumers and the admin client over the grains. One instance serves a whole process. It owns
/// no connection: that is the business of Orleans' cluster client, or of the silo, whose grain factory it is given.
/// </summary>
public sealed class LoireClient
{
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly Random _random;
    private readonly BackgroundWork _background;
    private readonly TopicCache _topics;

    /// <param name="grains">The grains of the cluster: an <see cref="IClusterClient"/>, or the grain factory of a silo.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="loggers">Where to log; nowhere by default.</param>
    /// <param name="meters">The host's meters; the process's own by default.</param>
    public LoireClient(
        IGrainFactory grains, TimeProvider? time = null, ILoggerFactory? loggers = null, IMeterFactory? meters = null)
        : this(grains, time ?? TimeProvider.System, loggers ?? NullLoggerFactory.Instance, Random.Shared, new BackgroundWork(), meters)
    {
    }

    /// <summary>As the public one, with everything that a test decides for itself.</summary>
    internal LoireClient(
        IGrainFactory grains, TimeProvider time, ILoggerFactory loggers, Random random, BackgroundWork background,
        IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(grains);
        _grains = grains;
        _time = time;
        _loggers = loggers;
        _random = random;
        _background = background;
        _topics = new TopicCache(grains, time, background);
        Metrics = meters is null ? ClientMetrics.OfProcess : new ClientMetrics(meters);
        Admin = new AdminClient(grains);
    }

    /// <summary>Creates, describes, changes and deletes topics.</summary>
    public IAdminClient Admin { get; }

    internal ClientMetrics Metrics { get; }

    /// <summary>Makes a producer; dispose of it to flush it.</summary>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    /// <param name="options">How it batches, waits and retries; the defaults if there are none.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">A type needs a serializer.</exception>
    public IProducer<TKey, TValue> CreateProducer<TKey, TValue>(ProducerOptions<TKey, TValue>? options = null) =>
        new Producer<TKey, TValue>(
            _topics,
            options ?? new ProducerOptions<TKey, TValue>(),
            _time,
            Metrics,
            _loggers.CreateLogger("Loire.Client.Producer"),
            _background,
            new Random(_random.Next()));

    /// <summary>Makes a consumer, which reads nothing until it subscribes or is assigned partitions.</summary>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    /// <param name="options">How it fetches; the defaults if there are none.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">A type needs a deserializer.</exception>
    public IConsumer<TKey, TValue> CreateConsumer<TKey, TValue>(ConsumerOptions<TKey, TValue>? options = null) =>
        new Consumer<TKey, TValue>(
            options ?? new ConsumerOptions<TKey, TValue>(),
            _grains,
            _topics,
            _time,
            _background,
            new Random(_random.Next()),
            Metrics,
            _loggers.CreateLogger("Loire.Client.Consumer"));

    /// <summary>Makes a consumer that hands records on as bytes.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal UntypedConsumer CreateUntypedConsumer(ConsumerOptions options) =>
        new(options, _grains, _topics, _time, _background, new Random(_random.Next()), Metrics, _loggers.CreateLogger("Loire.Client.Consumer"));
}
