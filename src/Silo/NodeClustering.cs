using System.Net;
using System.Net.Sockets;
using Loire.Edge.Calls;
using Loire.Silo.Clustering;
using Npgsql;
using Orleans.Configuration;
using StackExchange.Redis;

namespace Loire.Silo;

/// <summary>Makes a silo part of its cluster: the membership table, the endpoints, and how soon a silo that does not answer is given up.</summary>
internal static class NodeClustering
{
    /// <summary>The connection string of the membership table; null if the options name none.</summary>
    public static string? ConnectionOf(NodeOptions options) => options.ClusteringConnection
        ?? (options.Clustering != ClusteringKind.Azure ? null
            : options.AzureAccount is { } account ? AzureClients.TablesOf(account)
            : options.AzureConnection);

    /// <summary>What is wrong with a connection string, in one line that does not repeat it; null if the client of that database accepts it.</summary>
    public static string? ConnectionProblem(ClusteringKind kind, string? connection)
    {
        var (name, example) = kind switch
        {
            ClusteringKind.Postgres => ("postgres", "Host=db.example;Database=loire;Username=loire;Password=..."),
            ClusteringKind.Azure => ("azure", "UseDevelopmentStorage=true"),
            _ => ("redis", "redis.example:6379"),
        };
        return connection is null ? $"The clustering {name} needs --clustering-connection, or LOIRE_CLUSTERING_CONNECTION."
            : Accepts(kind, connection) ? null
            : $"The clustering {name} needs a connection string such as {example} in --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.";
    }

    private static bool Accepts(ClusteringKind kind, string connection)
    {
        try
        {
            // None of these connects.
            switch (kind)
            {
                case ClusteringKind.Postgres:
                    NpgsqlDataSource.Create(connection).Dispose();
                    break;
                case ClusteringKind.Azure:
                    _ = AzureClients.Tables(connection);
                    break;
                default:
                    _ = ConfigurationOptions.Parse(connection);
                    break;
            }

            return true;
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    public static void Add(ISiloBuilder silo, NodeOptions options)
    {
        if (options.TlsCertificate is { } certificate)
        {
            // Read here, so that a bad file keeps the node from starting instead of every connection from working.
            var own = SiloCertificate.Read(certificate, options.TlsKey!, options.TlsAuthority!);
            silo.Services.AddSingleton(own);
            own.Require(silo);
        }

        var service = options.ServiceId ?? options.ClusterId;
        var port = options.SiloPort == 0 ? FreePort(options.SiloAddress) : options.SiloPort;
        if (options.Clustering == ClusteringKind.None)
        {
            silo.UseLocalhostClustering(port, options.GatewayPort, serviceId: service, clusterId: options.ClusterId);
            silo.ConfigureEndpoints(options.SiloAddress, port, options.GatewayPort);
            return;
        }

        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, service));
        silo.ConfigureEndpoints(options.SiloAddress, port, options.GatewayPort);
        silo.Configure<ClusterMembershipOptions>(Tune);
        AddMembershipTable(silo, options.Clustering, ConnectionOf(options)!);
        AddDirectory(silo);
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, PredecessorCleanup>();
        silo.Services.AddSingleton(services => new TransferWindows(services.GetRequiredService<TimeProvider>(), options.NodeId));
        if (options.WatchPeers)
        {
            silo.Services.AddHostedService<PeerWatcher>();
        }
    }

    /// <summary>Shorter times than Orleans' defaults, with which a hung silo is noticed after a minute.</summary>
    private static void Tune(ClusterMembershipOptions membership)
    {
        // A silo that hangs is declared dead after about 6 s: three missed probes, and MaxProbeTimeout for each since its connection last
        // delivered anything. Half of it gives up silos that pause for 2 s, as a collection of garbage or a snapshot of the machine may.
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MaxProbeTimeout = TimeSpan.FromSeconds(2);

        // Bounds for how long a silo that was cut off goes on after it was declared dead: gossip does not reach it.
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);

        // Longer than clocks are apart: a silo whose clock is so much ahead of another's that the other seems to have been joining for this long votes it dead
        // at once. With the default of 5 minutes no silo could join beside one that is 5 minutes ahead.
        membership.MaxJoinAttemptTime = TimeSpan.FromMinutes(30);
    }

    private static void AddMembershipTable(ISiloBuilder silo, ClusteringKind kind, string connection)
    {
        switch (kind)
        {
            case ClusteringKind.Postgres:
                // Before Orleans looks at the table, whose provider does not say what is missing.
                silo.AddStartupTask((_, cancellation) => PostgresSchema.CheckAsync(connection, cancellation), ServiceLifecycleStage.First);
                silo.UseAdoNetClustering(database =>
                {
                    database.Invariant = "Npgsql";
                    database.ConnectionString = connection;
                });
                break;
            case ClusteringKind.Azure:
                silo.UseAzureStorageClustering(azure => azure.TableServiceClient = AzureClients.Tables(connection));
                break;
            case ClusteringKind.Redis:
                silo.UseRedisClustering(redis => redis.ConfigurationOptions = ConfigurationOptions.Parse(connection));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    // The default directory deactivates healthy grains of other silos whenever a silo leaves. Its replacement would keep the grains of a dead
    // silo unavailable for a lease of 30 s, to protect state that has no fence of its own; the epochs of logs and journals are one.
    private static void AddDirectory(ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003 // Experimental
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.Zero);
    }

    // Orleans requires a port even if no other silo connects.
    private static int FreePort(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
