using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>A setting that the section gives, and its key in the configuration.</summary>
internal readonly record struct OrleansSetting(string Key, string Value);

/// <summary>
/// Orleans' own section <c>Orleans</c> of the configuration, which Aspire's integration of Orleans fills, translated to the names of a node's
/// settings. Orleans would apply it by itself, past the rules for a silo's address and store; so a node takes its values as settings, which pass the
/// same validation as all others.
/// </summary>
/// <param name="Settings">By the names of <see cref="NodeSettingAttribute"/>.</param>
/// <param name="PropagatesTraces">Whether spans of grain calls are wanted.</param>
internal sealed record OrleansSection(IReadOnlyDictionary<string, OrleansSetting> Settings, bool PropagatesTraces)
{
    private const string Root = "Orleans";
    private const string Clustering = "Clustering";
    private const string Store = "GrainStorage:loire";

    private static readonly string[] ConnectionKeys = ["ServiceKey", "ConnectionString", "ConnectionName"];

    // Aspire derives the type from its resource; Orleans' providers have the other names.
    private static readonly Dictionary<string, string> ClusteringTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["AzureTableStorage"] = "azure",
        ["AdoNet"] = "postgres",
        ["PostgresDatabase"] = "postgres",
        ["PostgresServer"] = "postgres",
        ["Redis"] = "redis",
        ["AzureRedisCache"] = "redis",
    };

    /// <summary>Translates the section; an absent one has no settings.</summary>
    /// <param name="configuration">The whole configuration: connection strings are beside the section.</param>
    /// <param name="isOnlyForNode">Whether keys without a meaning for a node are refused; otherwise others may use them.</param>
    /// <exception cref="OptionsValidationException">A key or a value has no meaning for a node.</exception>
    public static OrleansSection Read(IConfiguration configuration, bool isOnlyForNode)
    {
        var given = configuration.GetSection(Root).AsEnumerable(makePathsRelative: true)
            .Where(entry => entry.Value is { Length: > 0 })
            .ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.OrdinalIgnoreCase);
        var settings = new Dictionary<string, OrleansSetting>();
        Take("ClusterId", "cluster-id");
        Take("ServiceId", "service-id");
        Take("Endpoints:SiloPort", "silo-port");
        Take("Endpoints:GatewayPort", "gateway-port");
        Take("Endpoints:AdvertisedIPAddress", "silo-address");
        if (given.Remove($"{Clustering}:ProviderType", out var type))
        {
            TakeClustering(type);
        }

        if (given.Remove($"{Store}:ProviderType", out var store))
        {
            TakeStore(store);
        }

        var traces = given.Remove("EnableDistributedTracing", out var wanted) && bool.TryParse(wanted, out var isOn) && isOn;
        return isOnlyForNode && given.Keys.Order(StringComparer.Ordinal).FirstOrDefault() is { } unknown
            ? throw Invalid($"The setting {Root}:{unknown} has no meaning for a node.")
            : new OrleansSection(settings, traces);

        void Take(string key, string setting)
        {
            if (given.Remove(key, out var value))
            {
                settings[setting] = new OrleansSetting($"{Root}:{key}", value);
            }
        }

        void TakeClustering(string provider)
        {
            const string Key = $"{Root}:{Clustering}:ProviderType";
            if (!ClusteringTypes.TryGetValue(provider, out var kind))
            {
                throw Invalid($"The setting {Key} must be AzureTableStorage, AdoNet or Redis; without clustering, leave it out.");
            }

            settings["clustering"] = new OrleansSetting(Key, kind);
            if (given.Remove($"{Clustering}:Invariant", out var invariant) && invariant != "Npgsql")
            {
                throw Invalid($"The setting {Root}:{Clustering}:Invariant must be Npgsql: of the databases of ADO.NET, a node takes PostgreSQL.");
            }

            TakeConnection(Clustering, "clustering-connection");
        }

        void TakeStore(string provider)
        {
            const string Key = $"{Root}:{Store}:ProviderType";
            if (!provider.Equals("AzureBlobStorage", StringComparison.OrdinalIgnoreCase))
            {
                throw Invalid($"The setting {Key} must be AzureBlobStorage.");
            }

            settings["storage"] = new OrleansSetting(Key, "azure");
            Take($"{Store}:ContainerName", "azure-container");
            TakeConnection(Store, "azure-connection");
        }

        void TakeConnection(string section, string setting)
        {
            foreach (var key in ConnectionKeys)
            {
                if (!given.Remove($"{section}:{key}", out var value) || settings.ContainsKey(setting))
                {
                    continue;
                }

                var path = $"{Root}:{section}:{key}";
                var connection = key == "ConnectionString" ? value : configuration.GetConnectionString(value);
                settings[setting] = connection is { Length: > 0 }
                    ? new OrleansSetting(path, connection)
                    : throw Invalid($"The setting {path} names the connection string {value}, which is not among ConnectionStrings.");
            }
        }
    }

    private static OptionsValidationException Invalid(string problem) => new(nameof(NodeOptions), typeof(NodeOptions), [problem]);
}
