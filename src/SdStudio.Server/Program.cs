return SdStudio.Server.Hosting.StudioHost.Run(args);
