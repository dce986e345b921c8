Studio.ready = true;
