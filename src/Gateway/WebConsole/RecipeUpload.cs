using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Api.Tasks;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>The file of a recipe in a form of the console. It may have what the body of the API's import may.</summary>
internal static class RecipeUpload
{
    /// <summary>The form's field.</summary>
    public const string Field = "recipe";

    /// <summary>What of a form may surround the file.</summary>
    private const int Surroundings = 64 * 1024;

    /// <summary>How much above its limit is taken of a form and thrown away, so that the browser gets its answer.</summary>
    private const long UnreadLength = 32 << 20;

    /// <summary>The route takes a form with a recipe's file.</summary>
    public static RouteHandlerBuilder TakesRecipe(this RouteHandlerBuilder route) => route.WithMetadata(Marker.Instance);

    /// <summary>Reads the form into memory, where the route takes a recipe's file: the proof is in it. Its sender is known by now.</summary>
    /// <returns>Why it is not read; null if it is, or if there is none.</returns>
    public static async Task<Problem?> ReceiveAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<Marker>() is null || !http.Request.HasFormContentType)
        {
            return null;
        }

        var services = http.RequestServices;
        var limits = services.GetRequiredService<IOptions<GatewayLimitsOptions>>().Value;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limits.Import + UnreadLength;
        }

        var longest = (int)Math.Min((long)limits.Import + Surroundings, int.MaxValue);
        if (http.Request.ContentLength > longest)
        {
            return Problems.BodyTooLarge;
        }

        // In memory: a file in the folder for temporary ones would have the task's environment.
        var options = new FormOptions { MultipartBodyLengthLimit = longest, MemoryBufferThreshold = longest };
        http.Features.Set<IFormFeature>(new FormFeature(http.Request, options));
        using var time = new CancellationTokenSource(limits.BodyTime, services.GetRequiredService<TimeProvider>());
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, http.RequestAborted);
        try
        {
            await http.Request.ReadFormAsync(either.Token);
            return null;
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return Problems.UnreadableRequest(StatusCodes.Status408RequestTimeout);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return Problems.BodyTooLarge;
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException)
        {
            return Problems.UnreadableRequest(StatusCodes.Status400BadRequest);
        }
    }

    /// <summary>Has the API's import find the file's content as its body.</summary>
    /// <returns>Why it does not; null if it does.</returns>
    public static async Task<Problem?> TakeAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || (await http.Request.ReadFormAsync(http.RequestAborted)).Files[Field] is not { Length: > 0 } file)
        {
            return Problems.NoRecipeFile;
        }

        if (file.Length > http.RequestServices.GetRequiredService<IOptions<GatewayLimitsOptions>>().Value.Import)
        {
            return Problems.BodyTooLarge;
        }

        var content = new byte[file.Length];
        await using var stream = file.OpenReadStream();
        await stream.ReadExactlyAsync(content, http.RequestAborted);
        http.Features.Set(new RecipeBody(content));
        return null;
    }

    private sealed record Marker
    {
        public static Marker Instance { get; } = new();
    }
}
