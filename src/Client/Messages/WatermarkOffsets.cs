using Loire.Model;

namespace Loire.Client;

/// <summary>The offsets that bound a partition.</summary>
/// <param name="Low">The first readable offset.</param>
/// <param name="High">The offset after the last readable one.</param>
public readonly record struct WatermarkOffsets(Offset Low, Offset High);
