using System.Diagnostics.Metrics;
using Loire.Client;
using Loire.Client.Hosting;
using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Model;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Registers Loire's client with a host. The host must have an Orleans client or be a silo: both register the
/// <see cref="IGrainFactory"/> that the client calls.
/// </summary>
public static class LoireServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="LoireClient"/> and <see cref="IAdminClient"/>, and unless the host has registered another
    /// <see cref="IPositionStore"/>, the one in memory.
    /// </summary>
    public static IServiceCollection AddLoire(this IServiceCollection services, Action<LoireClientOptions>? configure = null)
    {
        services.AddOptions<LoireClientOptions>().Configure(options => configure?.Invoke(options));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IPositionStore, InMemoryPositionStore>();
        services.TryAddSingleton(provider => new LoireClient(
            provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance, Random.Shared, new BackgroundWork(),
            provider.GetService<IMeterFactory>(), provider.GetService<TransferWindows>()));
        services.TryAddSingleton(provider => provider.GetRequiredService<LoireClient>().Admin);
        return services;
    }

    /// <summary>Registers a singleton producer, keyed if a key is given. The host flushes it when it stops.</summary>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    public static IServiceCollection AddLoireProducer<TKey, TValue>(
        this IServiceCollection services, Action<ProducerOptions<TKey, TValue>>? configure = null, object? key = null)
    {
        services.AddLoire();
        IProducer<TKey, TValue> Create(IServiceProvider provider)
        {
            var options = new ProducerOptions<TKey, TValue> { ClientId = ClientId(provider) };
            configure?.Invoke(options);
            return provider.GetRequiredService<LoireClient>().CreateProducer(options);
        }

        return key is null ? services.AddSingleton(Create) : services.AddKeyedSingleton(key, (provider, _) => Create(provider));
    }

    /// <summary>
    /// Registers transient consumers that the application subscribes or assigns itself, keyed if a key is given.
    /// </summary>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    public static IServiceCollection AddLoireConsumer<TKey, TValue>(
        this IServiceCollection services, Action<ConsumerOptions<TKey, TValue>>? configure = null, object? key = null)
    {
        services.AddLoire();
        IConsumer<TKey, TValue> Create(IServiceProvider provider)
        {
            var options = new ConsumerOptions<TKey, TValue> { ClientId = ClientId(provider) };
            configure?.Invoke(options);
            return provider.GetRequiredService<LoireClient>().CreateConsumer(options);
        }

        return key is null ? services.AddTransient(Create) : services.AddKeyedTransient(key, (provider, _) => Create(provider));
    }

    /// <summary>
    /// Registers a hosted service that reads a topic and passes each record to <typeparamref name="THandler"/>.
    /// </summary>
    /// <typeparam name="THandler">The handler; registered as scoped unless it is registered already.</typeparam>
    /// <typeparam name="TKey">The type of keys.</typeparam>
    /// <typeparam name="TValue">The type of values.</typeparam>
    /// <exception cref="ArgumentException">When the host starts: an option is out of range.</exception>
    public static IServiceCollection AddLoireConsumer<THandler, TKey, TValue>(
        this IServiceCollection services, TopicName topic, Action<HandlerOptions<TKey, TValue>>? configure = null)
        where THandler : class, IMessageHandler<TKey, TValue>
    {
        services.AddLoire();
        services.TryAddScoped<THandler>();
        var options = new HandlerOptions<TKey, TValue> { Name = typeof(THandler).Name };
        configure?.Invoke(options);
        options.Validate();
        var state = new ConsumerState { Name = options.Name };
        services.AddSingleton(state);
        services.AddSingleton<IHostedService>(provider => Host<THandler, TKey, TValue>(provider, topic, options, state));
        return services;
    }

    /// <summary>
    /// As <see cref="AddLoireConsumer{THandler, TKey, TValue}"/>, with key and value types taken from the single
    /// <see cref="IMessageHandler{TKey, TValue}"/> that the handler implements, and the built-in deserializers of these types.
    /// </summary>
    /// <typeparam name="THandler">The handler.</typeparam>
    /// <exception cref="ArgumentException">The handler implements no <see cref="IMessageHandler{TKey, TValue}"/>, or several.</exception>
    public static IServiceCollection AddLoireConsumer<THandler>(
        this IServiceCollection services, TopicName topic, Action<HandlerOptions>? configure = null)
        where THandler : class
    {
        var contracts = typeof(THandler).GetInterfaces()
            .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IMessageHandler<,>))
            .ToArray();
        if (contracts.Length != 1)
        {
            throw new ArgumentException($"{typeof(THandler)} must implement IMessageHandler<TKey, TValue> exactly once.");
        }

        Func<IServiceCollection, TopicName, Action<HandlerOptions<object, object>>?, IServiceCollection> shape = AddLoireConsumer<IMessageHandler<object, object>, object, object>;
        shape.Method.GetGenericMethodDefinition()
            .MakeGenericMethod([typeof(THandler), .. contracts[0].GetGenericArguments()])
            .Invoke(null, [services, topic, configure]);
        return services;
    }

    /// <summary>
    /// Registers a hosted service that reads a topic, passes each record to <typeparamref name="THandler"/>, and writes what the handler returns and the position
    /// after the record in one transaction, so that both count exactly once. Each registration has a transactional producer of its own. Options that must be set:
    /// <see cref="RecordHandlingOptions.GroupId"/> and <see cref="ExactlyOnceOptions.InstanceName"/>.
    /// </summary>
    /// <typeparam name="THandler">The handler; registered as scoped unless it is registered already.</typeparam>
    /// <typeparam name="TKey">The type of keys read.</typeparam>
    /// <typeparam name="TValue">The type of values read.</typeparam>
    /// <typeparam name="TNewKey">The type of keys written.</typeparam>
    /// <typeparam name="TNewValue">The type of values written.</typeparam>
    /// <exception cref="ArgumentException">An option is missing or out of range, or another registration has the same transactional id.</exception>
    public static IServiceCollection AddLoireExactlyOnce<THandler, TKey, TValue, TNewKey, TNewValue>(
        this IServiceCollection services, TopicName topic, Action<ExactlyOnceOptions<TKey, TValue, TNewKey, TNewValue>> configure)
        where THandler : class, IExactlyOnceHandler<TKey, TValue, TNewKey, TNewValue>
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddLoire();
        services.TryAddScoped<THandler>();
        var options = new ExactlyOnceOptions<TKey, TValue, TNewKey, TNewValue> { Name = typeof(THandler).Name };
        configure(options);
        options.Validate();
        if (services.Any(service => service.ImplementationInstance is ExactlyOnceOptions other && other.TransactionalId == options.TransactionalId))
        {
            throw new ArgumentException(
                $"Another handler of this host has the transactional id {options.TransactionalId}, and they would fence each other: set Name or InstanceName.");
        }

        var state = new ConsumerState { Name = options.Name };
        services.AddSingleton(state);
        services.AddSingleton<ExactlyOnceOptions>(options);
        services.AddSingleton<IHostedService>(provider => Host<THandler, TKey, TValue, TNewKey, TNewValue>(provider, topic, options, state));
        return services;
    }

    /// <summary>
    /// Adds a check that the cluster answers, and one that every hosted consumer reads and no partition is stalled.
    /// </summary>
    public static IHealthChecksBuilder AddLoire(this IHealthChecksBuilder builder) =>
        builder.AddCheck<LoireHealthCheck>("loire").AddCheck<ConsumersHealthCheck>("loire-consumers");

    private static HostedConsumer Host<THandler, TKey, TValue>(
        IServiceProvider provider, TopicName topic, HandlerOptions<TKey, TValue> options, ConsumerState state)
        where THandler : class, IMessageHandler<TKey, TValue>
    {
        var client = provider.GetRequiredService<LoireClient>();
        var time = provider.GetRequiredService<TimeProvider>();
        var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Loire.Client.Hosting." + options.Name);
        var producer = client.CreateProducer(new ProducerOptions<byte[], byte[]> { ClientId = options.Name });
        var calls = new HandlerCalls(provider.GetRequiredService<IServiceScopeFactory>(), options, client.Metrics, time);
        var handling = new RecordHandling<THandler, TKey, TValue>(options, calls, new RetryRouter(options, producer, time, logger));
        return new HostedConsumer(NewSession, producer.DisposeAsync, state, provider.GetRequiredService<IHostApplicationLifetime>(), time, logger);

        HandlerSession NewSession() => new(
            client.CreateConsumer(options.RawConsumer()), client.Admin, provider.GetRequiredService<IPositionStore>(), topic, options, state, handling.HandleAsync, time, logger);
    }

    private static HostedConsumer Host<THandler, TKey, TValue, TNewKey, TNewValue>(
        IServiceProvider provider, TopicName topic, ExactlyOnceOptions<TKey, TValue, TNewKey, TNewValue> options, ConsumerState state)
        where THandler : class, IExactlyOnceHandler<TKey, TValue, TNewKey, TNewValue>
    {
        var client = provider.GetRequiredService<LoireClient>();
        var time = provider.GetRequiredService<TimeProvider>();
        var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Loire.Client.Hosting." + options.Name);
        var calls = new HandlerCalls(provider.GetRequiredService<IServiceScopeFactory>(), options, client.Metrics, time);
        var handling = new ExactlyOnceHandling<THandler, TKey, TValue, TNewKey, TNewValue>(options, calls);
        return new HostedConsumer(
            NewSession, () => ValueTask.CompletedTask, state, provider.GetRequiredService<IHostApplicationLifetime>(), time, logger);

        ExactlyOnceSession NewSession() => new(
            client.CreateConsumer(options.RawConsumer()), client.CreateProducer(options.RawProducer()), topic, options, state, handling.HandleAsync, time, logger);
    }

    private static string ClientId(IServiceProvider provider) => provider.GetRequiredService<IOptions<LoireClientOptions>>().Value.ClientId;
}
