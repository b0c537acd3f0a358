using Microsoft.Extensions.Configuration;

namespace Orleans.TestingHost;

/// <summary>Makes a <see cref="TestCluster"/>: several silos and a client in this process.</summary>
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
        ClusterId = "testcluster-" + Guid.NewGuid().ToString("N"),
        ServiceId = Guid.NewGuid().ToString("N"),
    };

    /// <summary>Adds configuration that every host gets.</summary>
    public TestClusterBuilder ConfigureHostConfiguration(Action<IConfigurationBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(configureDelegate);
        _configuration.Add(configureDelegate);
        return this;
    }

    /// <summary>Lets a type that is an <see cref="ISiloConfigurator"/>, an <see cref="IHostConfigurator"/> or both configure each silo.</summary>
    public TestClusterBuilder AddSiloBuilderConfigurator<T>()
        where T : new()
    {
        if (!typeof(ISiloConfigurator).IsAssignableFrom(typeof(T)) && !typeof(IHostConfigurator).IsAssignableFrom(typeof(T)))
        {
            throw new ArgumentException($"{typeof(T)} is neither an {nameof(ISiloConfigurator)} nor an {nameof(IHostConfigurator)}.");
        }

        Options.SiloBuilderConfiguratorTypes.Add(typeof(T).AssemblyQualifiedName!);
        return this;
    }

    /// <summary>Makes the cluster; nothing starts yet.</summary>
    public TestCluster Build() => new(Options);
}
