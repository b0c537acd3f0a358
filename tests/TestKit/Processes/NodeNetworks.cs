using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Loire.TestKit.Processes;

/// <summary>
/// Two networks for the nodes of a cluster, in Linux network namespaces: by one the nodes reach each other and Orleans clients their gateways, by the other HTTP
/// clients the nodes and the nodes their store, which are in the namespace of this process. So a node can be cut off from the others alone: what is sent disappears, and no connection is refused or closed.
/// Needs root; addresses are from 198.18.0.0/15, which is for such tests and routed nowhere.
/// </summary>
public sealed class NodeNetworks : IDisposable
{
    private const string Prefix = "loire";

    private static readonly Lazy<string?> _problem = new(FindProblem);
    private static readonly string _process = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private readonly int _subnet = Environment.ProcessId % 256;
    private readonly int _nodes;

    private NodeNetworks(int nodes) => _nodes = nodes;

    /// <summary>Why there can be no such networks here, in one sentence; null if there can be.</summary>
    public static string? Problem => _problem.Value;

    /// <summary>The address of this process, at which the nodes reach it.</summary>
    public IPAddress Own => IPAddress.Parse($"198.18.{_subnet}.254");

    /// <summary>Creates the networks for nodes with the ids 1, 2 and so on. At most one may exist in a process.</summary>
    public static NodeNetworks Create(int nodes)
    {
        var networks = new NodeNetworks(nodes);
        try
        {
            Ip($"link add {Bridge('c')} type bridge");
            Ip($"link add {Bridge('s')} type bridge");
            Ip($"addr add {networks.Own}/24 dev {Bridge('c')}");
            Ip($"addr add 198.19.{networks._subnet}.254/24 dev {Bridge('s')}");
            Ip($"link set {Bridge('c')} up");
            Ip($"link set {Bridge('s')} up");
            for (var id = 1; id <= nodes; id++)
            {
                Ip($"netns add {Namespace(id)}");
                Ip($"-n {Namespace(id)} link set lo up");
                Connect(id, 'c', networks.ClientAddress(id));
                Connect(id, 's', networks.SiloAddress(id));
            }
        }
        catch
        {
            networks.Dispose();
            throw;
        }

        return networks;
    }

    /// <summary>The address of a node for clients.</summary>
    public IPAddress ClientAddress(int id) => IPAddress.Parse($"198.18.{_subnet}.{id}");

    /// <summary>The address of a node for other nodes.</summary>
    public IPAddress SiloAddress(int id) => IPAddress.Parse($"198.19.{_subnet}.{id}");

    /// <summary>What comes before the command line of a node, so that it runs in its namespace.</summary>
    public static string[] Wrapper(int id) => ["ip", "netns", "exec", Namespace(id)];

    /// <summary>From now on nothing passes between a node and the others.</summary>
    public void Cut(int id) => Ip($"link set {Port(id, 's')} nomaster");

    /// <summary>Ends the cut of a node.</summary>
    public void Mend(int id) => Ip($"link set {Port(id, 's')} master {Bridge('s')}");

    /// <summary>Removes the networks; processes in them keep running without one.</summary>
    public void Dispose()
    {
        for (var id = 1; id <= _nodes; id++)
        {
            TryIp($"netns del {Namespace(id)}");
        }

        TryIp($"link del {Bridge('c')}");
        TryIp($"link del {Bridge('s')}");
    }

    private static void Connect(int id, char network, IPAddress address)
    {
        Ip($"link add {Port(id, network)} type veth peer name {network}0 netns {Namespace(id)}");
        Ip($"link set {Port(id, network)} master {Bridge(network)} up");
        Ip($"-n {Namespace(id)} addr add {address}/24 dev {network}0");
        Ip($"-n {Namespace(id)} link set {network}0 up");
    }

    private static string Namespace(int id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{_process}-{id}");

    // Names of interfaces have 15 characters at most.
    private static string Bridge(char network) => $"{Prefix}{_process}{network}";

    private static string Port(int id, char network) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{_process}{network}{id}");

    private static string? FindProblem()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "network namespaces need root on Linux";
        }

        try
        {
            RemoveLeftovers();
            Create(1).Dispose();
            return null;
        }
        catch (Exception problem) when (problem is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"network namespaces do not work here: {problem.Message}";
        }
    }

    /// <summary>Removes the networks of earlier processes that were killed.</summary>
    private static void RemoveLeftovers()
    {
        foreach (var line in TryIp("netns list").Split('\n'))
        {
            if (line.Split(' ')[0].Split('-') is [Prefix, var process, _] && !Directory.Exists($"/proc/{process}"))
            {
                TryIp($"netns del {line.Split(' ')[0]}");
                TryIp($"link del {Prefix}{process}c");
                TryIp($"link del {Prefix}{process}s");
            }
        }
    }

    private static void Ip(string arguments)
    {
        var (exit, output) = Run(arguments);
        if (exit != 0)
        {
            throw new InvalidOperationException($"ip {arguments}: {output.Trim()}");
        }
    }

    private static string TryIp(string arguments) => Run(arguments).Output;

    private static (int Exit, string Output) Run(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
