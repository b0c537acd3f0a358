using System.Globalization;

namespace Loire.Peers.Benchmarks;

/// <summary>The command line.</summary>
internal sealed record Options
{
    public const string Help =
        """
        Usage: benchmarks/peers.sh [options]
          --directory DIR   where the servers store, on the disk to measure; removed at the end (the directory for temporary files)
          --rounds N        how often each contender takes its turn (5)
          --window-kb N     bytes in flight of all producers together, when batched (1024)
          --scale PERCENT   of the records of each work (100)
          --work TEXT       only works whose names contain it, such as "1 KB" or "one by one"
          --only TEXT       only contenders whose names contain it; several times for several
        """;

    public string Directory { get; private init; } = Path.GetTempPath();

    public int Rounds { get; private init; } = 5;

    public int WindowBytes { get; private init; } = 1024 * 1024;

    public int Scale { get; private init; } = 100;

    public string Work { get; private init; } = "";

    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Null if the arguments make no sense.</summary>
    public static Options? TryParse(string[] args)
    {
        var options = new Options();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length)
            {
                return null;
            }

            var text = args[i + 1];
            var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1_000_000;
            var next = (args[i], isNumber) switch
            {
                ("--directory", _) => options with { Directory = text },
                ("--rounds", true) => options with { Rounds = number },
                ("--window-kb", true) => options with { WindowBytes = number * 1024 },
                ("--scale", true) => options with { Scale = number },
                ("--work", _) => options with { Work = text },
                ("--only", _) => options with { Only = [.. options.Only, text] },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }
}
