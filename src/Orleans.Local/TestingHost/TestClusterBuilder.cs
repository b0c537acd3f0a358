using Microsoft.Extensions.Configuration;

namespace Orleans.TestingHost;

/// <summary>Makes a <see cref="TestCluster"/>. The types that configure it are told of a test only by configuration.</summary>
public class TestClusterBuilder(short initialSilosCount)
{
    private readonly List<Action<IConfigurationBuilder>> _configuration = [];

    /// <summary>A cluster of two silos.</summary>
    public TestClusterBuilder()
        : this(2)
    {
    }

    /// <summary>Configuration that every host gets.</summary>
    public Dictionary<string, string> Properties { get; } = [];

    /// <summary>The options.</summary>
    public TestClusterOptions Options { get; } = new()
    {
        InitialSilosCount = initialSilosCount,
        ClusterId = $"testcluster-{Guid.NewGuid():N}",
        ServiceId = $"{Guid.NewGuid():N}",
    };

    /// <summary>Adds configuration that every host gets.</summary>
    public TestClusterBuilder ConfigureHostConfiguration(Action<IConfigurationBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(configureDelegate);
        _configuration.Add(configureDelegate);
        return this;
    }

    /// <summary>
    /// Lets a type that is an <see cref="ISiloConfigurator"/>, an <see cref="IHostConfigurator"/> or both configure each silo.
    /// </summary>
    public TestClusterBuilder AddSiloBuilderConfigurator<T>()
        where T : new()
    {
        Options.SiloBuilderConfiguratorTypes.Add(Checked<T, ISiloConfigurator, IHostConfigurator>());
        return this;
    }

    /// <summary>
    /// Lets a type that is an <see cref="IClientBuilderConfigurator"/>, an <see cref="IHostConfigurator"/> or both configure the client.
    /// </summary>
    public TestClusterBuilder AddClientBuilderConfigurator<T>()
        where T : new()
    {
        Options.ClientBuilderConfiguratorTypes.Add(Checked<T, IClientBuilderConfigurator, IHostConfigurator>());
        return this;
    }

    /// <summary>Makes the cluster; nothing starts yet.</summary>
    public TestCluster Build()
    {
        var builder = new ConfigurationBuilder();
        builder.AddInMemoryCollection(Properties!);
        foreach (var configure in _configuration)
        {
            configure(builder);
        }

        return new TestCluster(Options, builder.Build());
    }

    private static string Checked<T, TFirst, TSecond>() =>
        typeof(TFirst).IsAssignableFrom(typeof(T)) || typeof(TSecond).IsAssignableFrom(typeof(T))
            ? typeof(T).AssemblyQualifiedName!
            : throw new ArgumentException($"{typeof(T)} is neither an {typeof(TFirst).Name} nor an {typeof(TSecond).Name}.");
}
