using System.CommandLine;

namespace Loire.Cli.CommandLine;

/// <summary>Confirms a destructive command where no question can be asked.</summary>
internal static class YesOption
{
    public static readonly Option<bool> Instance = new("--yes", "-y") { Description = "Do not ask." };
}
