using System.CommandLine;

namespace Loire.Cli.CommandLine;

/// <summary>Says that something destructive is meant, where nobody can be asked.</summary>
internal static class YesOption
{
    public static readonly Option<bool> Instance = new("--yes", "-y") { Description = "Do not ask." };
}
