namespace SdStudio.Server.Events;

/// <summary>An event that has no number yet.</summary>
/// <param name="Channel">One of <see cref="EventChannel"/>.</param>
/// <param name="Type">E.g. <c>job_updated</c>.</param>
/// <param name="Owner">Whose it is: others do not hear of it; null for everybody's.</param>
/// <param name="Data">JSON, UTF-8.</param>
internal sealed record NewEvent(string Channel, string Type, string? Owner, byte[] Data);
