using CsCheck;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Compression;

/// <summary>Data of the shapes that compressors treat differently: noise, runs, text, and mixtures with matches of any distance.</summary>
internal static class GenData
{
    private static readonly byte[] Text = Fixture.Read("kafka-python-2.0.2/run-none.bin");

    // Around the boundaries of each format: short literals and matches, blocks, windows.
    private static readonly Gen<int> Lengths = Gen.Frequency(
        (4, Gen.Int[1, 300]),
        (2, Gen.Int[4_000, 5_000]),
        (1, Gen.OneOf(32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_072)),
        (1, Gen.Int[65_000, 300_000]));

    private static readonly Gen<byte[]> Mixture =
        Gen.Select(Gen.Byte.Array[1, 100], Gen.Int[0, 3], Gen.Int[1, 70_000], Gen.Int[1, 300]).Array[1, 1_000].Select(pieces =>
        {
            var data = new List<byte>();
            foreach (var (literals, kind, distance, length) in pieces)
            {
                data.AddRange(literals);

                // A third of the matches overlap themselves.
                var start = data.Count - 1 - ((kind == 0 ? distance % 20 : distance) % data.Count);
                for (var i = 0; i < length && kind < 3; i++)
                {
                    data.Add(data[start + i]);
                }
            }

            return data.ToArray();
        });

    public static Gen<byte[]> Any { get; } = Gen.OneOf<byte[]>(
        Lengths.Select(length => new byte[length]),
        Lengths.SelectMany(length => Gen.Byte.Array[length]),
        Lengths.Select(length => Enumerable.Range(0, length).Select(i => Text[i % Text.Length]).ToArray()),
        Mixture);
}
