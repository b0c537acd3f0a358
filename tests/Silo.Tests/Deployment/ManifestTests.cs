using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Routing;
using YamlDotNet.RepresentationModel;

namespace Loire.Silo.Tests.Deployment;

/// <summary>The manifests for Kubernetes name options, variables, paths and times of the node as it is.</summary>
public sealed class ManifestTests
{
    private readonly IReadOnlyList<YamlNode> _manifests = Read();

    [Fact]
    public void The_command_line_and_the_variables_make_a_node_of_a_cluster()
    {
        var container = Container();
        var arguments = new Dictionary<string, string>();
        foreach (var argument in Texts(container["args"]))
        {
            Assert.StartsWith("--", argument, StringComparison.Ordinal);
            var (name, value) = argument.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (argument[2..at], argument[(at + 1)..]) : (argument[2..], "true");
            Assert.Contains(name, NodeSetting.All.Select(setting => setting.Declaration.Name));
            arguments[name] = value;
        }

        // What Kubernetes puts in.
        var variables = new Dictionary<string, string>();
        foreach (var variable in Items(container["env"]))
        {
            var name = Text(variable["name"]);
            Assert.Contains(name, NodeSetting.All.Select(setting => setting.Declaration.Variable).Append("POD_NAME"));
            variables[name] = name switch
            {
                "LOIRE_NODE_ID" => Valued("metadata.labels['apps.kubernetes.io/pod-index']", "2"),
                "LOIRE_SILO_ADDRESS" => Valued("status.podIP", "10.1.2.3"),
                "POD_NAME" => Valued("metadata.name", "loire-2"),
                "LOIRE_AZURE_CONNECTION" => "UseDevelopmentStorage=true",
                _ => Text(variable["value"]).Replace("$(POD_NAME)", variables.GetValueOrDefault("POD_NAME", "?"), StringComparison.Ordinal),
            };

            string Valued(string path, string value)
            {
                Assert.Equal(path, Text(variable["valueFrom"]["fieldRef"]["fieldPath"]));
                return value;
            }
        }

        var options = NodeConfiguration.Bind(arguments, variables.GetValueOrDefault, "no such file");
        Assert.Equal((2, IPAddress.Parse("10.1.2.3"), StoreKind.Azure, ClusteringKind.Azure), (options.NodeId, options.SiloAddress, options.Storage, options.Clustering));
        Assert.Equal("http://loire-2.loire-nodes:8080/", options.AdvertisedUrl!.AbsoluteUri);
        Assert.Equal(Port(container, "http"), Assert.Single(options.Endpoints).Port);
        Assert.Equal((Port(container, "kafka"), "loire-2.loire-nodes:9092"), (Assert.Single(options.KafkaEndpoints).Port, $"{Assert.Single(options.KafkaAdvertised)}"));
        Assert.Equal(Port(container, "silo"), options.SiloPort);

        // Half as much again as the budget.
        var limit = Text(container["resources"]["limits"]["memory"]);
        Assert.Equal(options.MemoryBytes * 3 / 2, long.Parse(limit[..^"Mi".Length], CultureInfo.InvariantCulture) << 20);
    }

    [Fact]
    public void Probes_and_the_scraper_ask_for_paths_that_the_node_serves()
    {
        using var data = new TemporaryDirectory();
        var node = LoireHost.Build(new NodeOptions { Data = data.Path, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)] });
        var paths = ((IEndpointRouteBuilder)node).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/')).ToHashSet(StringComparer.Ordinal);
        var container = Container();
        foreach (var (probe, path) in new[] { ("livenessProbe", "/healthz"), ("startupProbe", "/healthz"), ("readinessProbe", "/readyz") })
        {
            var asked = container[probe]["httpGet"];
            Assert.Equal((path, "http"), (Text(asked["path"]), Text(asked["port"])));
            Assert.Contains(path, paths);
        }

        var annotations = Manifest("StatefulSet")["spec"]["template"]["metadata"]["annotations"];
        Assert.Contains(Text(annotations["prometheus.io/path"]), paths);
        Assert.Equal(Port(container, "http"), int.Parse(Text(annotations["prometheus.io/port"]), CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_node_has_the_time_that_it_takes_to_stop()
    {
        var grace = Seconds(Manifest("StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]);
        var pause = Seconds(Container()["lifecycle"]["preStop"]["exec"]["command"][1]);
        Assert.InRange(grace, pause + LoireHost.StopTimeout + TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));

        static TimeSpan Seconds(YamlNode node) => TimeSpan.FromSeconds(int.Parse(Text(node), CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Everything_selects_the_pods_of_the_nodes_and_one_of_them_may_be_away()
    {
        var set = Manifest("StatefulSet")["spec"];
        var label = Text(set["template"]["metadata"]["labels"]["app"]);
        var services = _manifests.Where(manifest => Text(manifest["kind"]) == "Service").ToList();
        Assert.All(services, service => Assert.Equal(label, Text(service["spec"]["selector"]["app"])));
        Assert.Equal(Text(set["serviceName"]), Text(Assert.Single(services, service => ((YamlMappingNode)service["spec"]).Children.ContainsKey("clusterIP"))["metadata"]["name"]));
        var budget = Manifest("PodDisruptionBudget")["spec"];
        Assert.Equal((label, "1"), (Text(budget["selector"]["matchLabels"]["app"]), Text(budget["maxUnavailable"])));
        Assert.Equal(label, Text(set["selector"]["matchLabels"]["app"]));
        Assert.Equal(label, Text(Manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]["app"]));
    }

    private static IReadOnlyList<YamlNode> Read()
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Repository(), "deploy", "kubernetes", "loire.yaml"));
        yaml.Load(reader);
        return [.. yaml.Documents.Select(document => document.RootNode)];
    }

    internal static string Repository()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Orleans.sln")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }

    private static string Text(YamlNode node) => Assert.IsType<YamlScalarNode>(node).Value!;

    private static IEnumerable<YamlNode> Items(YamlNode node) => Assert.IsType<YamlSequenceNode>(node);

    private static IEnumerable<string> Texts(YamlNode node) => Items(node).Select(Text);

    private static int Port(YamlNode container, string name) =>
        int.Parse(Text(Items(container["ports"]).Single(port => Text(port["name"]) == name)["containerPort"]), CultureInfo.InvariantCulture);

    private YamlNode Manifest(string kind) => Assert.Single(_manifests, manifest => Text(manifest["kind"]) == kind);

    private YamlNode Container() => Assert.Single(Items(Manifest("StatefulSet")["spec"]["template"]["spec"]["containers"]));
}
