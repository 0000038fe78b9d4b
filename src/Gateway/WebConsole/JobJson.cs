using System.Globalization;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Reads members of the documents of jobs. They may come from TheEye.</summary>
internal static class JobJson
{
    /// <summary>The text of a member; empty if there is none.</summary>
    public static string TextOf(this JsonElement json, string name) => JsonText.TryGetMember(json, name, out var member) ? JsonText.AsString(member) ?? "" : "";

    /// <summary>The time of a member; null if there is none.</summary>
    public static DateTimeOffset? TimeOf(this JsonElement json, string name) =>
        DateTimeOffset.TryParse(json.TextOf(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
