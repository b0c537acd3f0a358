using Loire.Model;

namespace Loire.Client;

/// <summary>The offsets that bound a partition.</summary>
/// <param name="Low">The first offset that can be read.</param>
/// <param name="High">The offset after the last one that can be read.</param>
public readonly record struct WatermarkOffsets(Offset Low, Offset High);
