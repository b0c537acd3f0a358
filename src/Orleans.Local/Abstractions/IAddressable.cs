namespace Orleans.Runtime;

/// <summary>Something that calls can be addressed to: a reference to a grain, or the grain itself.</summary>
public interface IAddressable;
