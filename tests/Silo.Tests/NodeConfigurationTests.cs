using System.Net;
using Loire.Grains.Partitions;
using Loire.WebApi.RestProxy.Consumers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Loire.Silo.Tests;

public sealed class NodeConfigurationTests
{
    [Theory]
    [InlineData("--dat /x", "The option --dat is unknown; --help lists the known ones.")]
    [InlineData("data", "The option data is unknown; --help lists the known ones.")]
    [InlineData("--data", "The option --data needs a value: DIR.")]
    [InlineData("--data a --data b", "The option --data is given more than once.")]
    [InlineData("--insecure --data", "The option --data needs a value: DIR.")]
    [InlineData("--data=", "The option --data must be a directory.")]
    [InlineData("--urls", "The option --urls needs a value: URL.")]
    [InlineData("--urls 8080", "The option --urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.")]
    [InlineData("--urls http://example.com:80", "The option --urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.")]
    [InlineData("--urls http://127.0.0.1:80/x", "The option --urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.")]
    [InlineData("--urls http://u:p@127.0.0.1:80", "The option --urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.")]
    [InlineData("--urls http://127.0.0.1:99999", "The option --urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.")]
    [InlineData("--urls https://127.0.0.1:1", "The option --urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it; TLS is not offered yet, put a proxy before the node.")]
    [InlineData("--urls http://0.0.0.0:8080", "0.0.0.0:8080 can be reached from other machines, and there is no authentication yet: whoever reaches it can read, write and delete everything. Say --insecure if that is meant.")]
    [InlineData("--kafka 9092", "The option --kafka must be none, or IP addresses with ports such as 127.0.0.1:9092.")]
    [InlineData("--kafka 0.0.0.0:9092", "0.0.0.0:9092 can be reached from other machines, and there is no authentication yet: whoever reaches it can read, write and delete everything. Say --insecure if that is meant.")]
    [InlineData("--kafka none --kafka-advertised a:1", "--kafka-advertised has 1 addresses, and --kafka has 0: each needs one.")]
    [InlineData("--urls http://127.0.0.1:1;http://[::]:2", "[::]:2 can be reached from other machines, and there is no authentication yet: whoever reaches it can read, write and delete everything. Say --insecure if that is meant.")]
    [InlineData("--http2-urls 127.0.0.1:1", "The option --http2-urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.")]
    [InlineData("--http2-urls http://0.0.0.0:8080", "0.0.0.0:8080 can be reached from other machines, and there is no authentication yet: whoever reaches it can read, write and delete everything. Say --insecure if that is meant.")]
    [InlineData("--trusted-proxies proxy", "The option --trusted-proxies must be IP addresses or networks such as 10.0.0.0/8, separated by ';'.")]
    [InlineData("--trusted-proxies 10.0.0.0/33", "The option --trusted-proxies must be IP addresses or networks such as 10.0.0.0/8, separated by ';'.")]
    [InlineData("--forwarded-header via", "The option --forwarded-header must be x-forwarded or forwarded.")]
    [InlineData("--cors-origins app.example", "The option --cors-origins must be SCHEME://HOST or SCHEME://HOST:PORT with http or https, separated by ';', or '*'.")]
    [InlineData("--cors-origins https://app.example/", "The option --cors-origins must be SCHEME://HOST or SCHEME://HOST:PORT with http or https, separated by ';', or '*'.")]
    [InlineData("--cors-origins https://a.example;*", "The option --cors-origins must be SCHEME://HOST or SCHEME://HOST:PORT with http or https, separated by ';', or '*'.")]
    [InlineData("--cors-origins null", "The option --cors-origins must be SCHEME://HOST or SCHEME://HOST:PORT with http or https, separated by ';', or '*'.")]
    [InlineData("--urls http://0.0.0.0:80 --insecure --orleans-dashboard", "0.0.0.0:80 can be reached from other machines, and --orleans-dashboard shows the state of all grains without authentication: it needs all URLs to be of this machine.")]
    [InlineData("--insecure=maybe", "The option --insecure must be true or false.")]
    [InlineData("--storage s3", "The option --storage must be file or azure.")]
    [InlineData("--storage azure", "The store azure needs --azure-connection, or LOIRE_AZURE_CONNECTION, or --azure-account.")]
    [InlineData(
        "--storage azure --azure-account http://x.blob.core.windows.net",
        "The option --azure-account must be an https URL such as https://NAME.blob.core.windows.net.")]
    [InlineData(
        "--storage azure --azure-account https://x.blob.core.windows.net --azure-connection UseDevelopmentStorage=true",
        "The store azure is reached with a connection string or with an identity: set --azure-connection or --azure-account, not both.")]
    [InlineData("--azure-connection x", "The option --azure-connection must be a connection string such as UseDevelopmentStorage=true.")]
    [InlineData("--azure-container A", "The option --azure-container must be 3 to 63 of a-z, 0-9 and single '-' between them.")]
    [InlineData("--cluster-id a/b", "The option --cluster-id must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.")]
    [InlineData("--silo-port 65536", "The option --silo-port must be a whole number from 0 to 65535.")]
    [InlineData("--gateway-port -1", "The option --gateway-port must be a whole number from 0 to 65535.")]
    [InlineData("--clustering consul", "The option --clustering must be none, postgres, azure or redis.")]
    [InlineData("--clustering redis", "The nodes of a cluster share one store, and the store file is that of one node: partitions could not move to another. Set --storage azure.")]
    [InlineData(
        "--clustering postgres --storage azure --azure-connection UseDevelopmentStorage=true",
        "The clustering postgres needs --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.")]
    [InlineData(
        "--clustering postgres --storage azure --azure-connection UseDevelopmentStorage=true --clustering-connection Database=loire",
        "The clustering postgres needs a connection string such as Host=db.example;Database=loire;Username=loire;Password=... in --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.")]
    [InlineData(
        "--clustering azure --storage azure --azure-connection UseDevelopmentStorage=true --clustering-connection x",
        "The clustering azure needs a connection string such as UseDevelopmentStorage=true in --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.")]
    [InlineData(
        "--clustering redis --storage azure --azure-connection UseDevelopmentStorage=true --clustering-connection host=redis",
        "The clustering redis needs a connection string such as redis.example:6379 in --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.")]
    [InlineData("--node-id -1", "The option --node-id must be a whole number from 0 to 2147483647.")]
    [InlineData("--advertised-url node:80", "The option --advertised-url must be an absolute URL with http or https.")]
    [InlineData("--rack a/b", "The option --rack must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.")]
    [InlineData("--silo-address 0.0.0.0", "The option --silo-address must be an IP address that other nodes can reach, not a wildcard.")]
    [InlineData("--silo-address node-1", "The option --silo-address must be an IP address that other nodes can reach, not a wildcard.")]
    [InlineData("--silo-address 10.0.0.1", "10.0.0.1 can be reached from other machines, and anyone who reaches a silo can call every grain. Set --tls-cert, --tls-key and --tls-ca, or say --insecure-silo if that is meant.")]
    [InlineData("--silo-address 10.0.0.1 --insecure", "10.0.0.1 can be reached from other machines, and anyone who reaches a silo can call every grain. Set --tls-cert, --tls-key and --tls-ca, or say --insecure-silo if that is meant.")]
    [InlineData("--tls-cert a.pem --tls-ca ca.pem", "TLS between silos needs all of --tls-cert, --tls-key and --tls-ca.")]
    [InlineData("--peer-watch maybe", "The option --peer-watch must be on or off.")]
    [InlineData("--fsync never", "The option --fsync must be always, or milliseconds from 1 to 60000.")]
    [InlineData("--fsync 0", "The option --fsync must be always, or milliseconds from 1 to 60000.")]
    [InlineData("--cache-mb lots", "The option --cache-mb must be a whole number from 0 to 1000000.")]
    [InlineData("--memory-mb 63", "The option --memory-mb must be a whole number from 64 to 1000000.")]
    [InlineData("--memory-mb half", "The option --memory-mb must be a whole number from 64 to 1000000.")]
    [InlineData("--memory-mb 400 --cache-mb 301", "The cache of 301 MB leaves too little of the memory budget of 400 MB: at most three quarters of it. Set --memory-mb higher or --cache-mb lower.")]
    [InlineData("--commit-interval 10001", "The option --commit-interval must be milliseconds from 0 to 10000.")]
    [InlineData("--group-initial-rebalance-delay -1", "The option --group-initial-rebalance-delay must be milliseconds from 0 to 300000.")]
    [InlineData("--group-initial-rebalance-delay 3s", "The option --group-initial-rebalance-delay must be milliseconds from 0 to 300000.")]
    [InlineData("--retention-check-interval 0", "The option --retention-check-interval must be milliseconds from 1 to 86400000.")]
    [InlineData("--group-initial-rebalance-delay 300001", "The option --group-initial-rebalance-delay must be milliseconds from 0 to 300000.")]
    [InlineData("--max-connections 0", "The option --max-connections must be a whole number from 1 to 1000000.")]
    [InlineData("--v2-api strimzi", "The option --v2-api must be last-read, next-to-read or off.")]
    [InlineData("--storage 1", "The option --storage must be file or azure.")]
    [InlineData("--otlp-endpoint collector:4317", "The option --otlp-endpoint must be an absolute URL with http or https.")]
    [InlineData("--otlp-endpoint /v1", "The option --otlp-endpoint must be an absolute URL with http or https.")]
    [InlineData("--log-format xml", "The option --log-format must be text or json.")]
    [InlineData("--log-level 3", "The option --log-level must be trace, debug, information, warning, error or critical.")]
    [InlineData("--log-level none", "The option --log-level must be trace, debug, information, warning, error or critical.")]
    public void A_bad_option_is_one_clear_sentence(string line, string expected) => Assert.Equal(expected, Read(line.Split(' '), [], "{}").Problem);

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        const string File = """{"Loire":{"data":"from-file","urls":"http://127.0.0.1:1","cache-mb":7},"Other":{"x":1}}""";
        var (options, problem) = Read(["--data=from-args"], [("LOIRE_DATA", "from-env"), ("LOIRE_URLS", "http://localhost:2;http://[::1]:3")], File);
        Assert.Null(problem);
        Assert.Equal(("from-args", 7L * 1024 * 1024), (options.Data, options.CacheBytes!.Value));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 2), new IPEndPoint(IPAddress.IPv6Loopback, 3)], options.Endpoints);
    }

    [Fact]
    public void Without_any_setting_a_node_listens_on_loopback_and_syncs_always()
    {
        var (options, problem) = Read([], [], "{}");
        Assert.Null(problem);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 8080), Assert.Single(options.Endpoints));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 9092), Assert.Single(options.KafkaEndpoints));
        Assert.Equal(("./data", StoreKind.File, (TimeSpan?)null, false), (options.Data, options.Storage, options.SyncInterval, options.Insecure));
    }

    [Theory]
    [InlineData("none", "")]
    [InlineData("localhost:0;[::1]:9093", "127.0.0.1:0 [::1]:9093")]
    public void Kafkas_clients_are_served_where_the_node_is_told(string text, string expected)
    {
        var (options, problem) = Read(["--kafka", text], [], "{}");
        Assert.Equal((null, expected), (problem, string.Join(' ', options.KafkaEndpoints)));
    }

    [Theory]
    [InlineData("--kafka 127.0.0.1:1 --kafka 127.0.0.1:2;127.0.0.1:3 --kafka-advertised a:1 --kafka-advertised b:2 --kafka-advertised c:3", "1 2 3 a b c 8080")]
    [InlineData("--urls http://127.0.0.1:4 --kafka none --urls http://127.0.0.1:5", "4 5")]
    public void What_has_several_values_may_be_said_several_times(string line, string expected)
    {
        var (options, problem) = Read(line.Split(' '), [], "{}");
        Assert.Null(problem);
        IEnumerable<object> values = [
            .. options.KafkaEndpoints.Select(endpoint => endpoint.Port), .. options.KafkaAdvertised.Select(advertised => advertised.Host),
            .. options.Endpoints.Select(endpoint => endpoint.Port)];
        Assert.Equal(expected, string.Join(' ', values));
    }

    [Theory]
    [InlineData("--memory-mb 512", 512, 128)]
    [InlineData("--memory-mb 512 --cache-mb 0", 512, 0)]
    [InlineData("--memory-mb 512 --cache-mb 384", 512, 384)]
    public void The_memory_budget_is_divided_without_a_rest_that_is_large(string line, long budget, long cache)
    {
        var (options, problem) = Read(line.Split(' '), [], "{}");
        Assert.Null(problem);
        var memory = NodeMemory.Of(options);
        Assert.Equal((budget << 20, cache << 20), (memory.BudgetBytes, memory.CacheBytes));
        long[] shares = [memory.RequestBytes, memory.AppendBytes, memory.ReadBytes];
        Assert.All(shares, share => Assert.True(share > 0));
        Assert.InRange(
            memory.CacheBytes + shares.Sum() + (memory.OpenPartitions * (long)OpenPartitions.BytesOfOne), memory.BudgetBytes - 100_000, memory.BudgetBytes);
    }

    [Fact]
    public void The_default_budget_is_half_of_what_the_process_may_use_and_at_most_4_GiB()
    {
        var memory = NodeMemory.Of(new NodeOptions());
        Assert.Equal(Math.Min(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2, 4L << 30), memory.BudgetBytes);
        Assert.Equal(memory.BudgetBytes / 4, memory.CacheBytes);
    }

    [Fact]
    public void Every_setting_is_taken_over()
    {
        var (options, problem) = Read(
            "--urls http://0.0.0.0:80 --insecure --storage azure --azure-connection UseDevelopmentStorage=true --azure-container abc --cluster-id c --silo-port 1 --gateway-port 2 --fsync 50 --group-initial-rebalance-delay 0 --retention-check-interval 60000 --max-connections 9 --v2-api next-to-read --http2-urls http://127.0.0.1:81 --trusted-proxies 10.0.0.0/8;::1 --forwarded-header forwarded --cors-origins https://App.Example:443;http://localhost:3000 --log-format json --log-level DEBUG".Split(' '),
            [],
            "{}");
        Assert.Null(problem);
        Assert.True(options.Insecure && options.JsonLogs);
        Assert.Equal((StoreKind.Azure, "UseDevelopmentStorage=true", "abc", "c"), (options.Storage, options.AzureConnection, options.AzureContainer, options.ClusterId));
        Assert.Equal(CommitMeaning.NextToRead, options.V2Commits);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 81)], options.Http2Endpoints);
        Assert.Equal([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("::1/128")], options.TrustedProxies);
        Assert.Equal(ForwardedHeaderKind.Forwarded, options.ForwardedHeader);
        Assert.Equal(["https://app.example", "http://localhost:3000"], options.CorsOrigins);
        Assert.Equal(TimeSpan.Zero, options.GroupInitialRebalanceDelay);
        Assert.Equal(TimeSpan.FromMinutes(1), options.RetentionCheckInterval);
        Assert.Equal(TimeSpan.FromSeconds(3), Read([], [], "{}").Options.GroupInitialRebalanceDelay);
        Assert.Null(Read(["--v2-api", "off"], [], "{}").Options.V2Commits);
        Assert.Equal((1, 2, TimeSpan.FromMilliseconds(50), 9, LogLevel.Debug), (options.SiloPort, options.GatewayPort, options.SyncInterval!.Value, options.MaxConnections, options.LogLevel));
    }

    [Fact]
    public void A_node_of_a_cluster_has_an_id_a_rack_and_an_address()
    {
        var (options, problem) = Read(
            "--clustering postgres --storage azure --node-id 3 --rack r1 --silo-address 10.0.0.1 --insecure-silo --peer-watch off --advertised-url https://n3.example/".Split(' '),
            [("LOIRE_AZURE_CONNECTION", "UseDevelopmentStorage=true"), ("LOIRE_CLUSTERING_CONNECTION", "Host=db")],
            "{}");
        Assert.Null(problem);
        Assert.Equal((ClusteringKind.Postgres, "Host=db", 3, "r1"), (options.Clustering, options.ClusteringConnection, options.NodeId, options.Rack));
        Assert.Equal("https://n3.example/", options.AdvertisedUrl!.AbsoluteUri);
        Assert.Equal((IPAddress.Parse("10.0.0.1"), true, false), (options.SiloAddress, options.InsecureSilo, options.WatchPeers));
    }

    [Fact]
    public void Azure_tables_are_those_of_the_storage_account_unless_another_is_named()
    {
        var (options, problem) = Read(
            ["--clustering", "azure", "--storage", "azure"], [("LOIRE_AZURE_CONNECTION", "UseDevelopmentStorage=true")], "{}");
        Assert.Null(problem);
        Assert.Equal("UseDevelopmentStorage=true", NodeClustering.ConnectionOf(options));
        options.ClusteringConnection = "other";
        Assert.Equal("other", NodeClustering.ConnectionOf(options));
    }

    [Theory]
    [InlineData("https://name.blob.core.windows.net", "https://name.table.core.windows.net/", null)]
    [InlineData("https://storage.example", null, "The clustering azure needs --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.")]
    public void Azure_tables_of_an_account_without_a_key_have_the_account_s_name(string account, string? tables, string? expected)
    {
        var (options, problem) = Read(["--clustering", "azure", "--storage", "azure", "--azure-account", account], [], "{}");
        Assert.Equal((expected, tables), (problem, expected is null ? NodeClustering.ConnectionOf(options) : null));
    }

    [Theory]
    [InlineData("""{"Loire":{"dta":"x"}}""", "has the unknown setting Loire:dta; --help lists the known ones.")]
    [InlineData("""{"Loire":{"cache-mb":"x"}}""", "Loire:cache-mb must be a whole number from 0 to 1000000.")]
    [InlineData("""{"Loire":""", "cannot be read: ")]
    public void A_bad_file_is_one_clear_sentence(string file, string expected) => Assert.Contains(expected, Read([], [], file).Problem, StringComparison.Ordinal);

    [Fact]
    public void A_bad_variable_is_named() =>
        Assert.Equal("The environment variable LOIRE_FSYNC must be always, or milliseconds from 1 to 60000.", Read([], [("LOIRE_FSYNC", "x")], "{}").Problem);

    [Fact]
    public void The_standard_variable_of_OTLP_yields_to_the_node_s_own()
    {
        const string Standard = "OTEL_EXPORTER_OTLP_ENDPOINT";
        Assert.Equal("http://c:4317/", Read([], [(Standard, "http://c:4317")], "{}").Options.OtlpEndpoint!.AbsoluteUri);
        Assert.Equal("http://d/", Read([], [(Standard, "http://c:4317"), ("LOIRE_OTLP_ENDPOINT", "http://d")], "{}").Options.OtlpEndpoint!.AbsoluteUri);
        Assert.Equal($"The environment variable {Standard} must be an absolute URL with http or https.", Read([], [(Standard, "c")], "{}").Problem);
    }

    [Fact]
    public void A_nested_value_in_the_file_is_rejected() => Assert.EndsWith(
        "Loire:urls must be http://ADDRESS:PORT with an IP address or localhost, and nothing behind it.",
        Read([], [], """{"Loire":{"urls":["http://127.0.0.1:1"]}}""").Problem,
        StringComparison.Ordinal);

    [Fact]
    public void A_flag_needs_no_value_and_takes_one()
    {
        Assert.True(Read(["--insecure", "--cluster-id", "c"], [("LOIRE_INSECURE", "false")], "{}").Options.Insecure);
        Assert.False(Read(["--insecure=false"], [("LOIRE_INSECURE", "true")], "{}").Options.Insecure);
    }

    [Fact]
    public async Task Help_names_every_setting()
    {
        var (exit, output) = await NodeProcess.RunAsync("--help");
        Assert.Equal(0, exit);
        Assert.All(NodeSetting.All, setting => Assert.Contains($"--{setting.Declaration.Name} ", output, StringComparison.Ordinal));
        Assert.Contains("LOIRE_DATA", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_one_line() => Assert.Matches("^Loire [0-9.]+\n$", (await NodeProcess.RunAsync("--version")).Output);

    [Fact]
    public async Task A_bad_option_ends_the_process_with_exit_code_2_and_one_line() =>
        Assert.Equal((2, "The option --fsync must be always, or milliseconds from 1 to 60000.\n"), await NodeProcess.RunAsync("--fsync", "never"));

    [Theory]
    [InlineData("SiloPort must be a whole number from 0 to 65535.")]
    [InlineData("AzureContainer must be 3 to 63 of a-z, 0-9 and single '-' between them.")]
    [InlineData("SyncInterval must be always, or milliseconds from 1 to 60000.")]
    public void A_host_that_embeds_a_node_learns_of_a_bad_option_when_it_adds_the_node(string expected)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        var exception = Assert.Throws<OptionsValidationException>(() => builder.AddLoireNode(node => _ = expected[..expected.IndexOf(' ')] switch
        {
            "SiloPort" => node.SiloPort = -1,
            "AzureContainer" => (object)(node.AzureContainer = "a--b"),
            _ => node.SyncInterval = TimeSpan.Zero,
        }));
        Assert.Equal($"NodeOptions.{expected}", exception.Message);
    }

    private static (NodeOptions Options, string? Problem) Read(string[] args, (string Name, string Value)[] environment, string file)
    {
        var parsed = NodeCommand.Parse(args, _ => Task.FromResult(0));
        if (NodeCommand.FindProblem(parsed, args) is { } wrong)
        {
            return (new NodeOptions(), wrong);
        }

        var path = Path.GetTempFileName();
        File.WriteAllText(path, file);
        try
        {
            var variables = environment.ToDictionary(variable => variable.Name, variable => variable.Value);
            return (NodeConfiguration.Bind(NodeCommand.Settings(parsed), name => variables.GetValueOrDefault(name), path), null);
        }
        catch (OptionsValidationException exception)
        {
            return (new NodeOptions(), exception.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
